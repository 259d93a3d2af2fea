"""Residual-stream autoencoders of all layers, trained and saved by SAELens in one pass.

SAELens' own runner wants a hub data set and runs the model once per layer. Its trainer takes
activations from anywhere, one step at a time, so here one pass over the model feeds a trainer per
layer. BatchTopK autoencoders (Bussmann et al. 2024) are saved as JumpReLU ones, as SAELens does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Int

from atlas.errors import BadInput
from atlas.methods.training.activation_stream import ActivationStream, StreamSettings
from atlas.models.checkpoints import saelens
from atlas.models.dictionaries import SparseAutoencoderSet
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site

HOOK = "blocks.{layer}.hook_resid_post"


@dataclass(frozen=True)
class SaeTraining:
    """How autoencoders are trained."""

    features: int = 1024  # per layer; 6 layers of width 128 in float32 are then 6.3 MB
    k: float = 16.0  # features active per token on average
    steps: int = 1200
    learning_rate: float = 1e-3  # after 100 steps of warm-up; falls to 0 over the last third
    dead_after_steps: int = 200  # features silent for so long learn from what the rest leaves over
    scale_batches: int = 10  # batches that the scale of the activations is measured on
    seed: int = 0
    model_name: str = ""  # written into the files; empty: where the model was loaded from
    stream: StreamSettings = StreamSettings(batch_tokens=1024)


@dataclass(frozen=True)
class SaeProgress:
    """What is known after a step; means over layers."""

    step: int
    steps: int
    squared_error: float  # per token, of activations scaled to a mean norm of sqrt(d_model)
    active_per_token: float


def train_saes(
    model: LanguageModel,
    token_batches: Iterable[Int[np.ndarray, "sequence position"]],
    settings: SaeTraining,
    folder: Path,
    report: Callable[[SaeProgress], None] | None = None,
) -> SparseAutoencoderSet:
    """One autoencoder per layer on the residual stream after it, saved under ``folder/layer_<i>``.

    ``report`` is called every 50 steps. The result is read back from the files.

    Raises:
        BadInput: the sequences end before the settings' number of steps.
    """
    places = tuple((Site.RESIDUAL_AFTER, layer) for layer in range(model.layers))
    batches = iter(ActivationStream(model, token_batches, places, settings.stream))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        trainers = [_trainer(model, settings, layer) for layer in range(model.layers)]
    _measure_scales(trainers, list(islice(batches, settings.scale_batches)))
    done = 0
    for batch in islice(batches, settings.steps):
        outputs = []
        for trainer, values in zip(trainers, batch, strict=True):
            outputs.append(trainer.step(values))
            trainer.n_training_steps += 1
        done += 1
        if report and (done % 50 == 0 or done == settings.steps):
            report(_progress(done, settings.steps, outputs))
    if done < settings.steps:
        raise BadInput(
            "token batches",
            f"enough sequences for {settings.steps} steps",
            f"enough for {done}",
            "give more sequences or train for fewer steps",
        )
    for layer, trainer in enumerate(trainers):
        _finish(trainer)
        trainer.sae.save_inference_model(folder / f"layer_{layer}")
    return cast(SparseAutoencoderSet, saelens.load(folder))  # what was just written


def _trainer(model: LanguageModel, settings: SaeTraining, layer: int) -> Any:
    # SAELens takes seconds to import, so only when autoencoders are trained.
    from sae_lens import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, SAETrainer
    from sae_lens.config import SAETrainerConfig
    from sae_lens.saes.sae import SAEMetadata

    metadata = SAEMetadata(
        model_name=settings.model_name or model.name,
        hook_name=HOOK.format(layer=layer),
        prepend_bos=True,
    )
    sae = BatchTopKTrainingSAE(
        BatchTopKTrainingSAEConfig(
            d_in=model.d_model,
            d_sae=settings.features,
            k=settings.k,
            topk_threshold_lr=0.05,  # it starts at 0; SAELens' 0.01 is for much longer runs
            normalize_activations="expected_average_only_in",
            metadata=metadata,
        )
    )
    config = SAETrainerConfig(
        total_training_samples=settings.steps * settings.stream.batch_tokens,
        train_batch_size_samples=settings.stream.batch_tokens,
        lr=settings.learning_rate,
        lr_end=settings.learning_rate / 10,  # of a schedule that is not used; None is refused
        lr_warm_up_steps=min(100, settings.steps // 3),
        lr_decay_steps=settings.steps // 3,
        dead_feature_window=settings.dead_after_steps,
        feature_sampling_window=settings.steps + 1,
    )
    # Steps are handed over one by one, so the trainer's own source of data stays empty.
    return SAETrainer(config, sae, iter(()))


def _measure_scales(trainers: list[Any], batches: list[torch.Tensor]) -> None:
    for layer, trainer in enumerate(trainers):
        layer_batches: Iterator[torch.Tensor] = iter([batch[layer] for batch in batches])
        trainer.activation_scaler.estimate_scaling_factor(
            d_in=trainer.sae.cfg.d_in,
            data_provider=layer_batches,
            n_batches_for_norm_estimate=len(batches),
        )


def _finish(trainer: Any) -> None:
    """Move the scale of the activations into the weights, as SAELens' own loop does at its end."""
    trainer.sae.fold_activation_norm_scaling_factor(trainer.activation_scaler.scaling_factor)
    trainer.activation_scaler.scaling_factor = None
    trainer.set_final_sae_metadata()


def _progress(step: int, steps: int, outputs: list[Any]) -> SaeProgress:
    errors = [float(output.losses["mse_loss"].detach()) for output in outputs]
    active = [
        float(output.feature_acts.detach().count_nonzero(-1).float().mean()) for output in outputs
    ]
    return SaeProgress(step, steps, float(np.mean(errors)), float(np.mean(active)))
