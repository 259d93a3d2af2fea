"""Trains the dictionaries of the model: a transcoder and an autoencoder per layer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int

from atlas.methods.train_dictionary import TranscoderTraining, train_transcoders
from atlas.methods.train_end_to_end import EndToEndTraining, train_end_to_end
from atlas.methods.train_sae import SaeTraining, train_saes
from atlas.models.checkpoints import circuit_tracer
from atlas.models.dictionaries import TranscoderSet
from atlas.models.language_model import LanguageModel
from microworld.corpus import training_batch
from microworld.heldout import SEED
from microworld.tokenizer import PAD, token_ids
from microworld.train_model import ModelSize, build_model, save_model

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


def train_all(weights: Path, run: Path, settings: DictionarySettings) -> None:
    """Train and save transcoders and autoencoders under `weights`; checkpoints go to `run`."""
    run.mkdir(parents=True, exist_ok=True)
    model = LanguageModel.load(str(weights / "model"))
    transcoders = train_transcoders(
        model, token_batches(), settings.transcoders, run / "transcoders.pt", _say
    )
    transcoders = train_end_to_end(
        model, transcoders, token_batches(2 * FIRST_CHUNK), settings.together, _say
    )
    save_transcoders(transcoders, weights / "transcoders", "microworld")
    train_saes(model, token_batches(3 * FIRST_CHUNK), settings.autoencoders, weights / "saes", _say)


def train_control(run: Path, settings: DictionarySettings) -> Path:
    """Train transcoders of a model with random weights, for comparison; give their folder.

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
    return folder


def save_transcoders(transcoders: TranscoderSet, folder: Path, model_name: str) -> None:
    """Save in half precision: twice the features in the same file, and they are read as float32."""
    circuit_tracer.save(transcoders.to(torch.device("cpu"), torch.float16), folder, model_name)


def _say(progress: object) -> None:
    logger.info("%s", progress)
