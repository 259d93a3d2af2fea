"""A last phase of training in which all MLPs are replaced at once and the model must still work.

Transcoders that are each good leave small errors which later layers read. Here the loss is
KL(model ‖ model with all MLPs replaced), plus the unexplained variance on the model's own
activations so that features keep meaning what they meant (Braun et al. 2024, in short).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.activation_stream import counted_tokens
from atlas.methods.replace_mlps import replacing_edits
from atlas.models.activation_functions import JumpReLU, TopK
from atlas.models.coders import Transcoder
from atlas.models.dictionaries import TranscoderSet
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class EndToEndTraining:
    """How transcoders are trained together."""

    steps: int = 450  # the microworld's divergence falls to a tenth within the first 50
    learning_rate: float = 4e-4  # peak, well below the first phase's: features should stay in place
    reconstruction_weight: float = 3.0  # nats per token that unexplained variance 1 counts as
    pad_id: int | None = None  # tokens with this id are left out


@dataclass(frozen=True)
class EndToEndProgress:
    """What is known after a step."""

    step: int
    divergence: float  # KL in nats per token, of the last batch
    unexplained_variance: float  # mean over layers, of the last batch


def train_end_to_end(
    model: LanguageModel,
    transcoders: TranscoderSet,
    token_batches: Iterable[Int[np.ndarray, "sequence position"]],
    settings: EndToEndTraining,
    report: Callable[[EndToEndProgress], None] | None = None,
) -> TranscoderSet:
    """The transcoders after training them together; thresholds and k stay as they are.

    Decoder rows have norm 1 again at the end, with the norms moved into the encoders.

    Raises:
        BadInput: the sequences end before the settings' number of steps.
    """
    coders = [_Trainable(coder) for coder in transcoders.layers]
    parameters = [parameter for coder in coders for parameter in coder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate)
    done = 0
    for batch in islice(token_batches, settings.steps):
        share = done / settings.steps
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * (0.5 + 0.5 * math.cos(math.pi * share))
        ids = torch.from_numpy(np.asarray(batch, dtype=np.int64))
        divergence, unexplained = _losses(model, transcoders, coders, ids, settings.pad_id)
        loss = divergence + settings.reconstruction_weight * unexplained
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        done += 1
        if report and (done % 20 == 0 or done == settings.steps):
            report(EndToEndProgress(done, float(divergence.detach()), float(unexplained.detach())))
    if done < settings.steps:
        raise BadInput(
            "token batches", f"batches for {settings.steps} steps", f"{done}", "give more of them"
        )
    layers = tuple(coder.finished() for coder in coders)
    return TranscoderSet(
        transcoders.name, transcoders.feature_input, transcoders.feature_output, layers
    )


class _Trainable(torch.nn.Module):
    """One transcoder whose weights take gradients; the gate passes them where it is open."""

    def __init__(self, coder: Transcoder) -> None:
        super().__init__()
        self.activation = coder.activation
        self.W_enc = torch.nn.Parameter(coder.encoder().clone())
        self.b_enc = torch.nn.Parameter(coder.b_enc.clone())
        self.W_dec = torch.nn.Parameter(coder.decoder().clone())
        self.b_dec = torch.nn.Parameter(coder.b_dec.clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.coder().decode(self.coder().encode(x))

    def coder(self) -> Transcoder:
        return Transcoder(self.W_enc, self.b_enc, self.W_dec, self.b_dec, self.activation)

    @torch.no_grad()
    def finished(self) -> Transcoder:
        """The same function with decoder rows of norm 1."""
        size = self.W_dec.norm(dim=-1).clamp_min(1e-8)
        activation = self.activation
        if isinstance(activation, JumpReLU):
            activation = JumpReLU(activation.threshold * size)
        if isinstance(activation, TopK):
            # Scaling pre-activations would change which are largest, so norms stay as they are.
            size = torch.ones_like(size)
        return Transcoder(
            W_enc=(self.W_enc * size[:, None]).detach(),
            b_enc=(self.b_enc * size).detach(),
            W_dec=(self.W_dec / size[:, None]).detach(),
            b_dec=self.b_dec.detach().clone(),
            activation=activation,
        )


def _losses(
    model: LanguageModel,
    transcoders: TranscoderSet,
    coders: list[_Trainable],
    ids: Int[Tensor, "sequence position"],
    pad_id: int | None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """KL in nats per token, and the mean over layers of the unexplained variance."""
    sites = (transcoders.feature_input, transcoders.feature_output)
    counted = counted_tokens(ids, pad_id)
    clean = model.run(ids, [(site, layer) for layer in range(len(coders)) for site in sites])
    edits = replacing_edits(
        lambda layer, value: coders[layer](value),
        ((sites[0], 0), (sites[1], 0)),
        range(len(coders)),
    )
    replaced = model.run(ids, edits=edits, gradients=True).logits[counted]
    logs = clean.logits[counted].log_softmax(-1)
    divergence = (logs.exp() * (logs - replaced.log_softmax(-1))).sum(-1).mean()
    shares = []
    for layer, coder in enumerate(coders):
        reads, writes = (clean.values[site, layer][counted] for site in sites)
        spread = (writes - writes.mean(0)).pow(2).sum()
        shares.append((writes - coder(reads)).pow(2).sum() / spread)
    return divergence, torch.stack(shares).mean()
