"""Trains the dictionaries of the model: transcoders, autoencoders, a cross-layer transcoder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int

from atlas.methods.train_dictionary import TranscoderTraining, train_transcoders
from atlas.methods.train_end_to_end import EndToEndTraining, train_end_to_end
from atlas.methods.train_sae import SaeTraining, train_saes
from atlas.models.checkpoints import circuit_tracer
from atlas.models.dictionaries import MlpDictionary
from atlas.models.language_model import LanguageModel
from microworld.corpus import training_batch
from microworld.heldout import SEED
from microworld.tokenizer import PAD, token_ids
from microworld.train_model import OWN_CHUNKS, ModelSize, build_model, save_model

logger = logging.getLogger(__name__)

FIRST_CHUNK = 1_000_000  # far behind the chunks that the model was trained on: fresh text
BATCH = 64  # sequences per forward pass
CONTROL_STEPS = 1500  # what random weights do to their input is soon learnt as far as it can be


@dataclass(frozen=True)
class DictionarySettings:
    """How the dictionaries of the model and of its random-weight control are trained."""

    transcoders: TranscoderTraining = TranscoderTraining(
        # Held-out text of layer 3 makes fewer features active than training text does.
        features=3072,
        k=(23, 23, 23, 26, 23, 23),
        k_start=48,
        steps=6000,
    )
    together: EndToEndTraining = field(
        default_factory=lambda: EndToEndTraining(
            steps=80, reconstruction_weight=10.0, pad_id=token_ids()[PAD]
        )
    )
    # Of 2,048 features with a decoder per later layer 14 MB are half-precision weights.
    cross_layer: TranscoderTraining = TranscoderTraining(
        features=2048, k=20, k_start=48, steps=4000, cross_layer=True
    )
    autoencoders: SaeTraining = SaeTraining(
        features=1536, k=20.0, steps=1000, model_name="microworld"
    )


def token_batches(start: int = FIRST_CHUNK) -> Iterator[Int[np.ndarray, "sequence position"]]:
    """Give batches of fresh training sequences without end."""
    chunk = start
    while True:
        tokens = training_batch(chunk, 16 * BATCH).tokens
        yield from (tokens[at : at + BATCH] for at in range(0, len(tokens), BATCH))
        chunk += 1


def train_layer_transcoders(weights: Path, run: Path, settings: DictionarySettings) -> None:
    """Train one transcoder per layer and save them under `weights`; checkpoints go to `run`."""
    retrain_transcoders(weights / "model", 0, weights / "transcoders", run, settings)


def retrain_transcoders(
    model: Path, retraining: int, out: Path, run: Path, settings: DictionarySettings
) -> None:
    """Train the transcoders of the model in a folder and save them in `out`.

    Those of each `retraining` start otherwise and read other text; 0 are those of the atlas.
    """
    first = FIRST_CHUNK + retraining * OWN_CHUNKS
    training = replace(settings.transcoders, seed=settings.transcoders.seed + retraining)
    transcoders = _trained(model, run / "transcoders.pt", training, first)
    transcoders = _fine_tuned(model, transcoders, settings, first + FIRST_CHUNK)
    save_transcoders(transcoders, out, "microworld")


def train_autoencoders(weights: Path, _run: Path, settings: DictionarySettings) -> None:
    """Train an autoencoder per layer and save them under `weights`."""
    model = LanguageModel.load(str(weights / "model"))
    train_saes(model, token_batches(3 * FIRST_CHUNK), settings.autoencoders, weights / "saes", _say)


def train_cross_layer(weights: Path, run: Path, settings: DictionarySettings) -> None:
    """Train a cross-layer transcoder and save it under `weights`; checkpoints go to `run`."""
    model = weights / "model"
    transcoders = _trained(model, run / "clt.pt", settings.cross_layer, 4 * FIRST_CHUNK)
    transcoders = _fine_tuned(model, transcoders, settings, 5 * FIRST_CHUNK)
    save_transcoders(transcoders, weights / "cross_layer_transcoder", "microworld")


def _trained(
    folder: Path, checkpoint: Path, training: TranscoderTraining, first_chunk: int
) -> MlpDictionary:
    model = LanguageModel.load(str(folder))
    return train_transcoders(model, token_batches(first_chunk), training, checkpoint, _say)


def _fine_tuned(
    folder: Path, transcoders: MlpDictionary, settings: DictionarySettings, first_chunk: int
) -> MlpDictionary:
    model = LanguageModel.load(str(folder))
    batches = token_batches(first_chunk)
    return train_end_to_end(model, transcoders, batches, settings.together, _say)


def train_control(_weights: Path, run: Path, settings: DictionarySettings) -> None:
    """Train transcoders of a model with random weights, for comparison, in the folder of the run.

    What they find in the latents, the words alone give: the model has learnt nothing.
    """
    folder = run / "random"
    save_model(build_model(ModelSize(), SEED + 1), folder / "model")
    model = LanguageModel.load(str(folder / "model"))
    shorter = replace(settings.transcoders, steps=CONTROL_STEPS)
    transcoders = train_transcoders(
        model, token_batches(), shorter, folder / "transcoders.pt", _say
    )
    save_transcoders(transcoders, folder / "transcoders", "microworld-random")


def save_transcoders(transcoders: MlpDictionary, folder: Path, model_name: str) -> None:
    """Save in half precision: twice the features in the same file, and they are read as float32."""
    circuit_tracer.save(transcoders.to(torch.device("cpu"), torch.float16), folder, model_name)


def _say(progress: object) -> None:
    logger.info("%s", progress)


STAGES: dict[str, Callable[[Path, Path, DictionarySettings], None]] = {
    "transcoders": train_layer_transcoders,
    "saes": train_autoencoders,
    "cross-layer": train_cross_layer,
    "control": train_control,
}
