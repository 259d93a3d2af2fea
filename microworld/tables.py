"""The report and the held-out rule as Markdown tables that people read."""

from __future__ import annotations

from typing import Any

from microworld.dictionaries import CONTROL_STEPS
from microworld.grammar import BEHAVIOURS


def held_out_table() -> str:
    """Give the table of what is held out from training, per behaviour."""
    lines = [
        "# What training never sees",
        "",
        "Each behaviour is measured on units that the training text does not contain. Which units",
        "those are is decided by a digest of the unit's name, so the rule needs no list and does",
        "not change between runs; `tests/microworld/test_split.py` checks that the two sides are",
        "disjoint.",
        "",
        "| behaviour | held-out unit | accuracy aimed at |",
        "|---|---|---|",
    ]
    for behaviour in BEHAVIOURS.values():
        if behaviour.target is not None:
            aim = f"{behaviour.target:.0%}"
            lines.append(f"| {behaviour.id} | {behaviour.held_out} | {aim} |")
    return "\n".join(lines) + "\n"


def report_tables(report: dict[str, Any]) -> str:
    """Give the tables of a report: behaviours, then each dictionary's layers and latents."""
    parts = [
        "# What the model can do, and how far its dictionaries explain it",
        "",
        "Written by `python -m microworld report`; the figures with all digits are in report.json.",
        "Accuracy: share of held-out prompts whose most probable next token is right.",
        "",
        *_behaviours(report["behaviours"]),
    ]
    for name, dictionary in report["dictionaries"].items():
        parts += ["", f"## {name}", "", *_layers(dictionary), ""]
        parts += _latents(dictionary["latents"])
    return "\n".join(parts) + "\n"


def _behaviours(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| behaviour | prompts | held out | training units | n-gram | all MLPs replaced |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [
            _percent(row[key])
            for key in ("accuracy", "training_accuracy", "ngram_accuracy", "all_mlps_replaced")
        ]
        lines.append(f"| {row['behaviour']} | {row['n']} | {' | '.join(cells)} |")
    return lines


def _layers(dictionary: dict[str, Any]) -> list[str]:
    lines = [
        "| layer | features | active per token | unexplained variance | never active |",
        "|--:|--:|--:|--:|--:|",
    ]
    for layer in dictionary["layers"]:
        lines.append(
            f"| {layer['layer']} | {layer['features']} | {layer['active_per_token']:.1f} "
            f"| {layer['unexplained_variance']:.4f} | {layer['dead_features']} |"
        )
    summary = (
        f"With all layers put in at once: {dictionary['divergence']:.4f} nats per token away from "
        f"the model, the same top token at {_percent(dictionary['same_top_token'])} of "
        f"{dictionary['tokens']} held-out tokens."
    )
    return [*lines, "", summary]


def _latents(latents: dict[str, dict[str, float]]) -> list[str]:
    columns = {"f1": "F1", "shuffled": "shuffled", "random_weights": "random weights"}
    keys = {
        f"{name}{ending}": heading + words
        for ending, words in (("", ""), ("_where_it_begins", " where it begins"))
        for name, heading in columns.items()
        if any(f"{name}{ending}" in row for row in latents.values())
    }
    lines = [
        "Best single feature per value of a latent, chosen on one half of the held-out sequences",
        "and scored on the other; medians over values. Asked at every token where the latent is",
        "defined, and only where a value begins. Controls: the values shuffled over tokens and,",
        "where there is a column for them, transcoders of a model with random weights",
        f"(trained for {CONTROL_STEPS:,} steps).",
        "",
        f"| latent | values | {' | '.join(keys.values())} |",
        f"|---|--:|{'--:|' * len(keys)}",
    ]
    for name, row in sorted(latents.items()):
        cells = [f"{row[key]:.2f}" if key in row else "" for key in keys]
        lines.append(f"| {name} | {row['values']} | {' | '.join(cells)} |")
    return lines


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
