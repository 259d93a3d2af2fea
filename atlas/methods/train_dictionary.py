"""Transcoders for all layers of a model, trained in one pass over its activations.

``train_transcoders`` reads each MLP's input (after the norm) and output and trains features to
predict the outputs from the inputs: one transcoder per layer, or a cross-layer transcoder, with or
without a skip connection. ``train_end_to_end`` may follow, so that the model still works when all
MLPs are replaced at once. ``measure_quality`` says how good the result is. Residual-stream
autoencoders are trained by ``train_sae``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.training.activation_stream import ActivationStream, StreamSettings
from atlas.methods.training.active_entries import ActiveEntries
from atlas.methods.training.checkpoint import TrainingState, load_state, save_state
from atlas.methods.training.feature_starts import revive, start
from atlas.methods.training.scale import Scale
from atlas.methods.training.trained_dictionary import trained_dictionary
from atlas.methods.training.transcoder_stack import Gate, StackShape, TranscoderStack
from atlas.models.dictionaries import CrossLayerTranscoder, TranscoderSet
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site

logger = logging.getLogger(__name__)

# Per layer. Features that restart together may come to mean the same, since none of them sees
# what the others explain: a few at a time, each finds its own errors.
REVIVED_AT_ONCE = 128


@dataclass(frozen=True)
class TranscoderTraining:
    """How transcoders are trained."""

    features: int = 1536  # per layer; 6 layers of width 128 in float32 are then 9.5 MB
    # Features active per token (top_k) or on average (batch_top_k), in all layers or by layer.
    k: int | tuple[int, ...] = 20
    gate: Gate = "batch_top_k"
    cross_layer: bool = False  # whether features write to all later layers too
    skip: bool = False  # whether a linear map of the input is added to what features write
    steps: int = 2900
    learning_rate: float = 1e-3  # peak; warmed up over 100 steps, then cosine to a hundredth
    k_start: int = 32  # k falls to its value over the first third, so that features find a place
    revive_every: int = 25  # steps between restarts of dead features, none in the last third
    dead_after_steps: int = 40  # a feature that was silent for so many steps is dead
    checkpoint_every: int = 500  # steps between checkpoints, where a folder for them is given
    seed: int = 0
    stream: StreamSettings = StreamSettings(batch_tokens=1024)


@dataclass(frozen=True)
class TrainingProgress:
    """What is known after a step; means over layers."""

    step: int
    steps: int
    unexplained_variance: float  # of the last batch
    active_per_token: float
    dead_features: int  # sum over layers


Report = Callable[[TrainingProgress], None]


def train_transcoders(
    model: LanguageModel,
    token_batches: Iterable[Int[np.ndarray, "sequence position"]],
    settings: TranscoderTraining,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> TranscoderSet | CrossLayerTranscoder:
    """Transcoders of all layers, trained on batches of sequences (position 0 is left out).

    With a checkpoint file, training goes on from it where it exists, on sequences that
    ``token_batches`` then gives, and writes it as it goes. ``report`` is called every 50 steps.

    Raises:
        BadInput: the sequences end before the settings' number of steps.
    """
    stream = ActivationStream(model, token_batches, mlp_places(model), settings.stream)
    trainer = _Trainer(model, settings)
    if checkpoint is not None and checkpoint.is_file():
        trainer.restore(load_state(checkpoint))
    batches = iter(stream)
    first: list[Tensor] = []
    if trainer.step == 0:
        # Each feature starts from a token of its own: two that start alike stay alike.
        first = list(islice(batches, -(-settings.features // settings.stream.batch_tokens)))
        trainer.start_from(torch.cat(first, 1))
    left = settings.steps - trainer.step
    for batch in islice(chain(first, batches), left):
        progress = trainer.train_on(batch[: model.layers], batch[model.layers :])
        if report and (trainer.step % 50 == 0 or trainer.step == settings.steps):
            report(progress())
        due = trainer.step % settings.checkpoint_every == 0 or trainer.step == settings.steps
        if checkpoint is not None and due:
            save_state(checkpoint, trainer.state())
    if trainer.step < settings.steps:
        raise BadInput(
            "token batches",
            f"enough sequences for {settings.steps} steps",
            f"enough for {trainer.step}",
            "give more sequences or train for fewer steps",
        )
    return trained_dictionary(trainer.stack, trainer.scale())


def mlp_places(model: LanguageModel) -> tuple[tuple[Site, int], ...]:
    """The MLP inputs of all layers, then the MLP outputs."""
    return tuple(
        (site, layer) for site in (Site.MLP_INPUT, Site.MLP_OUTPUT) for layer in range(model.layers)
    )


class _Trainer:
    """The state of a training run, and one step of it."""

    def __init__(self, model: LanguageModel, settings: TranscoderTraining) -> None:
        self.settings = settings
        self.step = 0
        features, layers = settings.features, model.layers
        shape = StackShape(layers, features, model.d_model, settings.cross_layer, settings.skip)
        self.k = settings.k if isinstance(settings.k, tuple) else (settings.k,) * layers
        self.stack = TranscoderStack(shape, self.k, settings.gate)
        self.optimizer = torch.optim.Adam(self.stack.parameters(), lr=settings.learning_rate)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.silent = torch.zeros((layers, features), dtype=torch.int32)
        self._scale: Scale | None = None

    def scale(self) -> Scale:
        """The scale of inputs and outputs, measured on the first sample."""
        if self._scale is None:
            raise RuntimeError("training has not started")
        return self._scale

    def start_from(self, sample: Tensor) -> None:
        """Measure the scale of a sample [place, token, d_model] and give features first values."""
        inputs, outputs = sample.chunk(2)
        self._scale = Scale.measure(inputs, outputs)
        scaled = (self._scale.inputs(inputs), self._scale.outputs(outputs))
        start(self.stack, *scaled, self.generator)

    def train_on(self, inputs: Tensor, outputs: Tensor) -> Callable[[], TrainingProgress]:
        """Do one step; the result computes what to report, only when it is asked to."""
        scale = self.scale()
        inputs, outputs = scale.inputs(inputs), scale.outputs(outputs)
        k = self._k()
        pre = self.stack.pre_activations(inputs)
        if self.stack.gate == "batch_top_k":
            self.stack.follow_threshold(pre, k, 0.05)
        else:
            self.stack.k = tuple(round(each) for each in k)
        active = self.stack.active(pre)
        errors = self.stack.estimate(active, inputs) - outputs
        self.stack.set_gradients(active, inputs, errors)
        self._update()
        self._follow_silence(active, inputs, errors)
        self.step += 1
        return lambda: self._progress(active, errors, outputs)

    def state(self) -> TrainingState:
        """What a checkpoint keeps."""
        scale = self.scale()
        extra = {"silent": self.silent, "generator": self.generator.get_state()}
        return TrainingState(
            step=self.step,
            module=self.stack,
            optimizer=self.optimizer,
            tensors=extra | {f"scale.{name}": value for name, value in vars(scale).items()},
        )

    def restore(self, saved: dict[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        self.step = TrainingState.restore(saved, self.stack, self.optimizer)
        self.silent = saved["silent"]
        self.generator.set_state(saved["generator"])
        names = ("input_mean", "input_size", "output_mean", "output_size")
        self._scale = Scale(*(saved[f"scale.{name}"] for name in names))
        logger.info("training goes on from step %d", self.step)

    def _update(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self._rate()
        torch.nn.utils.clip_grad_norm_(self.stack.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.stack.keep_decoder_unit()

    def _rate(self) -> float:
        share = self.step / max(self.settings.steps, 1)
        return min(1.0, (self.step + 1) / 100) * (0.505 + 0.495 * math.cos(math.pi * share))

    def _k(self) -> tuple[float, ...]:
        """From k_start to each layer's k, geometrically, over the first third."""
        share = min(1.0, 3 * self.step / max(self.settings.steps, 1))
        start = min(self.settings.k_start, self.settings.features)
        return tuple(start * (each / start) ** share for each in self.k)

    def _follow_silence(
        self, active: tuple[ActiveEntries, ...], inputs: Tensor, errors: Tensor
    ) -> None:
        self.silent += 1
        for layer, entries in enumerate(active):
            self.silent[layer, entries.feature] = 0
        due = self.step > 0 and self.step % self.settings.revive_every == 0
        if not due or self.step > self.settings.steps * 2 / 3:
            return
        dead = tuple(
            torch.nonzero(layer >= self.settings.dead_after_steps)[:REVIVED_AT_ONCE, 0]
            for layer in self.silent
        )
        revived = revive(self.stack, dead, inputs, -errors, self.generator)
        for layer, features in enumerate(revived):
            self.silent[layer, features] = 0
            self._forget(layer, features)

    def _forget(self, layer: int, features: Tensor) -> None:
        """Clear Adam's moments of restarted features: they belong to what the features were."""
        for moment in ("exp_avg", "exp_avg_sq"):
            for parameter in (self.stack.encoder, self.stack.encoder_bias):
                self.optimizer.state[parameter][moment][layer, features] = 0
            self.optimizer.state[self.stack.decoder[layer]][moment][:, features] = 0

    def _progress(
        self, active: tuple[ActiveEntries, ...], errors: Tensor, outputs: Tensor
    ) -> TrainingProgress:
        spread = (outputs - outputs.mean(1, keepdim=True)).pow(2).sum((1, 2))
        dead = int((self.silent >= self.settings.dead_after_steps).sum())
        return TrainingProgress(
            step=self.step,
            steps=self.settings.steps,
            unexplained_variance=float((errors.pow(2).sum((1, 2)) / spread).mean()),
            active_per_token=sum(len(layer.value) for layer in active) / errors[..., 0].numel(),
            dead_features=dead,
        )
