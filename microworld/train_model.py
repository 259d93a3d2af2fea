"""Trains the Llama model of the small language; resumes from its last checkpoint."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from atlas.files.whole import whole_file
from microworld.corpus import SEQUENCE, training_batch
from microworld.evaluate import accuracies
from microworld.heldout import SEED
from microworld.tokenizer import save_tokenizer, token_ids, vocabulary

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

logger = logging.getLogger(__name__)
CHECKPOINT = "checkpoint.pt"
OWN_CHUNKS = 100_000_000  # of text; more than a model and its dictionaries read


@dataclass(frozen=True)
class ModelSize:
    """The model's shape: six layers, since four memorise two-hop facts instead of composing."""

    layers: int = 6
    width: int = 128  # d_model
    heads: int = 4
    mlp_width: int = 384
    context: int = 64  # positions


@dataclass(frozen=True)
class Stage:
    """A stretch of training with a mixture of behaviours and a schedule of its own."""

    steps: int
    peak_rate: float  # AdamW learning rate after the warm-up
    warm_up: int  # steps
    shares: Mapping[str, float] = field(default_factory=dict)  # replace the behaviours' weights


@dataclass(frozen=True)
class TrainingSettings:
    """How the model is trained: it learns the language, then brackets in trees of many shapes."""

    stages: tuple[Stage, ...] = (
        Stage(steps=4600, peak_rate=2.5e-3, warm_up=200, shares={"nested-groups": 0.0}),
        Stage(steps=1600, peak_rate=1.5e-3, warm_up=50, shares={"nested-groups": 6.0}),
        Stage(steps=600, peak_rate=8e-4, warm_up=50, shares={"nested-groups": 12.0}),
    )
    batch: int = 48  # sequences of 48 tokens per step
    final_rate: float = 5e-5  # at the end of each stage's cosine
    decay: float = 0.1  # weight decay, on matrices only
    clip: float = 1.0  # gradient norm
    chunk: int = 100  # steps whose data are generated at once, and the checkpoint interval
    evaluate_every: int = 250  # steps
    documents: int = 150  # per behaviour in those evaluations

    @property
    def steps(self) -> int:
        """The steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """Give the stage of a step, and the step within it."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        raise ValueError("training has no step after its last stage")


def build_model(size: ModelSize, seed: int) -> LlamaForCausalLM:
    """Give a freshly initialised LlamaForCausalLM."""
    from transformers import LlamaConfig, LlamaForCausalLM

    ids = token_ids()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(vocabulary()),
        hidden_size=size.width,
        intermediate_size=size.mlp_width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=size.context,
        rms_norm_eps=1e-5,
        tie_word_embeddings=False,
        bos_token_id=ids["<bos>"],
        eos_token_id=ids["<eos>"],
        pad_token_id=ids["<pad>"],
        use_cache=False,
    )
    return LlamaForCausalLM(config)


def learning_rate(step: int, settings: TrainingSettings) -> float:
    """Give the rate at a step: per stage a linear warm-up, then half a cosine to the final rate."""
    stage, within = settings.stage_at(step)
    if within < stage.warm_up:
        return stage.peak_rate * (within + 1) / stage.warm_up
    done = (within - stage.warm_up) / max(1, stage.steps - stage.warm_up)
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    return settings.final_rate + (stage.peak_rate - settings.final_rate) * cosine


class Trainer:
    """A training run in a folder: the model, its optimiser and the step they are at.

    `retraining` numbers models that start from other weights and read other text of the same
    language; 0 is the model of the atlas.
    """

    def __init__(
        self, folder: Path, settings: TrainingSettings, size: ModelSize, retraining: int = 0
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.size = size
        self.first_chunk = retraining * OWN_CHUNKS
        self.model = build_model(size, SEED + retraining * OWN_CHUNKS)
        self.optimiser = _optimiser(self.model, settings)
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / CHECKPOINT).exists():
            self._resume()

    def run(self) -> LlamaForCausalLM:
        """Train to the end, writing checkpoints and usable models as it goes; give the model."""
        settings, first, started = self.settings, self.step, time.monotonic()
        while self.step < settings.steps:
            if self.step == first or self.step % settings.chunk == 0:
                block = self.step // settings.chunk
                shares = settings.stage_at(self.step)[0].shares
                data = training_batch(
                    self.first_chunk + block, settings.chunk * settings.batch, shares
                )
            at = (self.step % settings.chunk) * settings.batch
            rows = slice(at, at + settings.batch)
            loss = self._update(torch.from_numpy(data.tokens[rows]), data.weights[rows])
            if self.step % 50 == 0:
                pace = (time.monotonic() - started) / (self.step - first)
                logger.info("step %d loss %.4f %.3f s/step", self.step, loss, pace)
            if self.step % settings.chunk == 0:
                self._save()
            if self.step % settings.evaluate_every == 0 or self.step == settings.steps:
                self._report()
                save_model(self.model, self.folder / "latest_model")
        return self.model

    def _update(self, tokens: Tensor, weights: np.ndarray) -> float:
        """Take one step; the loss is a weighted mean over all tokens, predictable ones more."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.settings)
        self.model.train()
        logits = self.model(input_ids=tokens[:, :-1]).logits
        losses = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1), reduction="none"
        )
        weight = torch.from_numpy(weights[:, 1:].reshape(-1))
        loss = (losses * weight).sum() / weight.sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())

    def _report(self) -> None:
        self.model.eval()
        measured = accuracies(self._logits, self.settings.documents)
        cells = " ".join(f"{name}={value.accuracy:.2f}" for name, value in measured.items())
        logger.info("step %d held-out %s", self.step, cells)

    def _logits(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=tokens).logits
        return logits

    def _save(self) -> None:
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with whole_file(self.folder / CHECKPOINT) as place:
            torch.save(state, place)

    def _resume(self) -> None:
        state = torch.load(self.folder / CHECKPOINT, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])
        logger.info("resuming after step %d", self.step)


def _optimiser(model: LlamaForCausalLM, settings: TrainingSettings) -> torch.optim.AdamW:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim >= 2]
    rest = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)  # each step sets its rate


def save_model(model: LlamaForCausalLM, folder: Path) -> None:
    """Write the model and its tokenizer as a Hugging Face folder."""
    model.save_pretrained(folder)
    save_tokenizer(folder)


def describe(settings: TrainingSettings, size: ModelSize) -> dict[str, object]:
    """Give all settings, for the report."""
    return {"seed": SEED, "sequence": SEQUENCE, **asdict(settings), **asdict(size)}
