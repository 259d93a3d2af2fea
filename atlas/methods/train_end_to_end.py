"""A last phase of training in which all MLPs are replaced at once and the model must still work.

Transcoders that are each good leave small errors which later layers read. Here the loss is
KL(model ‖ model with all MLPs replaced), plus the unexplained variance on the model's own
activations so that features keep meaning what they meant (Braun et al. 2024, in short).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.replace_mlps import replaced_logits
from atlas.methods.training.activation_stream import counted_tokens
from atlas.models.activation_functions import JumpReLU, TopK
from atlas.models.coders import Coder, Skip, Transcoder
from atlas.models.dictionaries import MlpDictionary
from atlas.models.language_model import LanguageModel

AnyTranscoders = TypeVar("AnyTranscoders", bound=MlpDictionary)
AnyPart = TypeVar("AnyPart", bound=Coder | Skip)


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
    transcoders: AnyTranscoders,
    token_batches: Iterable[Int[np.ndarray, "sequence position"]],
    settings: EndToEndTraining,
    report: Callable[[EndToEndProgress], None] | None = None,
) -> AnyTranscoders:
    """The transcoders after training them together; thresholds and k stay as they are.

    Decoder rows of transcoders that had norm 1 have it again at the end.

    Raises:
        BadInput: the sequences end before the settings' number of steps.
    """
    parameters: list[Tensor] = []
    trained = replace(
        transcoders, layers=tuple(_trainable(coder, parameters) for coder in transcoders.layers)
    )
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate)
    done = 0
    for batch in islice(token_batches, settings.steps):
        share = done / settings.steps
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * (0.5 + 0.5 * math.cos(math.pi * share))
        ids = torch.from_numpy(np.asarray(batch, dtype=np.int64))
        divergence, unexplained = _losses(model, trained, ids, settings.pad_id)
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
    for parameter in parameters:
        parameter.requires_grad_(False)
    return replace(trained, layers=tuple(_with_unit_decoder(coder) for coder in trained.layers))


def _trainable(part: AnyPart, parameters: list[Tensor]) -> AnyPart:
    """The same coder or skip connection with tensors of its own that take gradients.

    An activation function's tensors stay as they are; the gate passes gradients where it is open.
    """
    record: Any = part
    changed: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Tensor):
            changed[field.name] = value.float().clone().requires_grad_()
            parameters.append(changed[field.name])
        elif isinstance(value, Skip):
            changed[field.name] = _trainable(value, parameters)
    same: AnyPart = replace(record, **changed)
    return same


def _with_unit_decoder(coder: Coder) -> Coder:
    """The same function with decoder rows of norm 1, where it is a transcoder with thresholds."""
    if not isinstance(coder, Transcoder) or isinstance(coder.activation, TopK):
        # Scaling pre-activations would change which are largest, so those norms stay as they are.
        return coder
    size = coder.W_dec.norm(dim=-1).clamp_min(1e-8)
    activation = coder.activation
    if isinstance(activation, JumpReLU):
        activation = JumpReLU(activation.threshold * size)
    return replace(
        coder,
        W_enc=coder.W_enc * size[:, None],
        b_enc=coder.b_enc * size,
        W_dec=coder.W_dec / size[:, None],
        activation=activation,
    )


def _losses(
    model: LanguageModel,
    transcoders: MlpDictionary,
    ids: Int[Tensor, "sequence position"],
    pad_id: int | None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """KL in nats per token, and the mean over layers of the unexplained variance."""
    sites = (transcoders.feature_input, transcoders.feature_output)
    counted = counted_tokens(ids, pad_id)
    places = [(site, layer) for layer in transcoders.layer_numbers for site in sites]
    clean = model.run(ids, places)
    replaced = replaced_logits(model, transcoders, ids, gradients=True)[counted]
    logs = clean.logits[counted].log_softmax(-1)
    divergence = (logs.exp() * (logs - replaced.log_softmax(-1))).sum(-1).mean()
    shares = []
    activations: dict[int, Tensor] = {}
    for layer in transcoders.layer_numbers:
        reads, writes = (clean.values[site, layer][counted] for site in sites)
        activations[layer] = transcoders.encode(layer, reads)
        estimate = transcoders.reconstruct(layer, activations, reads)
        spread = (writes - writes.mean(0)).pow(2).sum()
        shares.append((writes - estimate).pow(2).sum() / spread)
    return divergence, torch.stack(shares).mean()
