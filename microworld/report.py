"""Measures the model and its dictionaries: the figures of report.json and of the tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.methods.activations import SparseActivations, activations
from atlas.methods.dictionary_quality import measure_quality
from atlas.methods.replace_mlps import replaced_logits
from atlas.methods.score_features import Places, ScoreSettings, median_f1, score_latents
from atlas.models.checkpoints import circuit_tracer
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from microworld.corpus import training_batch
from microworld.evaluate import accuracies
from microworld.grammar import ASKING, BEHAVIOURS
from microworld.ngram import NgramBaseline, baseline_accuracies
from microworld.shipped_dictionaries import shipped
from microworld.tokenizer import PAD, token_ids
from microworld.train_model import ModelSize, TrainingSettings, describe

DOCUMENTS = 400  # per behaviour, fewer where fewer distinct ones exist
BASELINE_SEQUENCES = 20_000  # that the n-gram baseline counts
DIGITS = 4  # after the point, in the report
ENDINGS: dict[Places, str] = {"all": "", "first": "_where_it_begins"}  # of the columns of latents


def behaviours_report(model: LanguageModel, transcoders: Dictionary | None) -> list[dict[str, Any]]:
    """Give one row per behaviour: accuracies of model, baseline and model on its transcoders."""
    held_out = accuracies(model.logits, DOCUMENTS)
    trained = accuracies(model.logits, DOCUMENTS, "train")
    replaced = None
    if transcoders is not None:

        def on_transcoders(ids: Tensor) -> Tensor:
            return replaced_logits(model, transcoders, ids)

        replaced = accuracies(on_transcoders, DOCUMENTS)
    baseline = baseline_accuracies(
        NgramBaseline(training_batch(0, BASELINE_SEQUENCES).tokens), DOCUMENTS
    )
    return [
        {
            "behaviour": name,
            "held_out": BEHAVIOURS[name].held_out,
            "n": held_out[name].n,
            "accuracy": round(held_out[name].accuracy, DIGITS),
            "target": BEHAVIOURS[name].target,
            "training_accuracy": round(trained[name].accuracy, DIGITS),
            "ngram_accuracy": round(baseline[name], DIGITS),
            "all_mlps_replaced": round(replaced[name].accuracy, DIGITS) if replaced else None,
        }
        for name in ASKING
    ]


def dictionary_report(
    model: LanguageModel,
    dictionary: Dictionary,
    labelled: LabelledTokens,
    random: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """Give activity, unexplained variance and F1 per latent of one dictionary."""
    tokens = labelled.tokens.astype(np.int64)
    batches = (tokens[at : at + 64] for at in range(0, len(tokens), 64))
    quality = measure_quality(model, dictionary, batches, labelled.pad_id)
    latents = latents_report(_active(model, dictionary, labelled), labelled)
    return {
        "tokens": quality.tokens,
        "divergence": round(quality.divergence, DIGITS),
        "same_top_token": round(quality.same_top_token, DIGITS),
        "layers": [_rounded(asdict(layer)) for layer in quality.layers],
        "latents": {name: {**row, **random.get(name, {})} for name, row in latents.items()},
    }


def latents_report(
    active: SparseActivations, labelled: LabelledTokens
) -> dict[str, dict[str, float]]:
    """Give per latent the median over its values of the best single features' F1.

    Asked twice: at every token where the latent is defined, and only where a value begins, since
    features often mark the token that brings a value and leave it to attention from there.
    """
    found: dict[str, dict[str, float]] = {}
    for places, ending in ENDINGS.items():
        scores = score_latents(active, labelled, ScoreSettings(places=places))
        values = Counter(score.latent for score in scores)
        for latent, (f1, shuffled) in sorted(median_f1(scores).items()):
            found.setdefault(latent, {"values": values[latent]}).update(
                {f"f1{ending}": round(f1, DIGITS), f"shuffled{ending}": round(shuffled, DIGITS)}
            )
    return found


def random_report(folder: Path, labelled: LabelledTokens) -> dict[str, dict[str, float]]:
    """Give the F1 per latent of the transcoders of the random-weight model."""
    model = LanguageModel.load(str(folder / "model"))
    dictionary = circuit_tracer.load(folder / "transcoders")
    found = latents_report(_active(model, dictionary, labelled), labelled)
    return {
        latent: {
            f"random_weights{ending}": row[f"f1{ending}"]
            for ending in ENDINGS.values()
            if f"f1{ending}" in row
        }
        for latent, row in found.items()
    }


def build_report(weights: Path, random: Path | None) -> dict[str, Any]:
    """Measure everything that lies under `weights`; `random` is the control's folder."""
    torch.manual_seed(0)
    model = LanguageModel.load(str(weights / "model"))
    labelled = LabelledTokens.load(weights / "heldout_tokens.npz")
    sets = dict(shipped(weights))
    control = (
        random_report(random, labelled)
        if random is not None and (random / "transcoders").is_dir()
        else {}
    )
    return {
        "training": describe(TrainingSettings(), ModelSize()),
        "vocabulary": model.d_vocab,
        "held_out_sequences": len(labelled.tokens),
        "padding_id": token_ids()[PAD],
        "behaviours": behaviours_report(model, sets.get("transcoders")),
        "dictionaries": {
            name: dictionary_report(
                model, dictionary, labelled, control if name == "transcoders" else {}
            )
            for name, dictionary in sets.items()
        },
    }


def write_report(report: dict[str, Any], path: Path) -> None:
    """Write the report as JSON."""
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _active(
    model: LanguageModel, dictionary: Dictionary, labelled: LabelledTokens
) -> SparseActivations:
    words = labelled.tokens != labelled.pad_id
    return activations(model, dictionary, labelled.tokens.astype(np.int64), lengths=words.sum(1))


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: round(value, DIGITS) if isinstance(value, float) else value
        for key, value in values.items()
    }
