"""What `atlas steer` says: values for programs, tables for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from atlas.commands.output import print_table
from atlas.entries.text import printable
from atlas.methods.compare_answers import AnswerChange, TokenChange
from atlas.models.language_model import LanguageModel


def comparison(model: LanguageModel, change: AnswerChange) -> dict[str, Any]:
    """One comparison as JSON values."""
    return {
        "divergence_nats": change.divergence,
        "answer": _token(model, change.answer),
        "tokens": [_token(model, each) for each in change.tokens],
    }


def _token(model: LanguageModel, change: TokenChange) -> dict[str, Any]:
    return {
        "token": model.token_string(change.token),
        "id": change.token,
        "before": asdict(change.before),
        "after": asdict(change.after),
    }


def print_comparison(found: dict[str, Any]) -> None:
    """The tokens on top, the answer, the divergence, and what was generated."""
    rows = []
    for row in found["tokens"]:
        before, after = row["before"], row["after"]
        rows.append(
            [
                printable(repr(row["token"])),
                f"{before['probability']:.4f}",
                f"{after['probability']:.4f}",
                f"{after['probability'] - before['probability']:+.4f}",
                f"{before['logit']:.3f}",
                f"{after['logit']:.3f}",
                f"{before['rank']} -> {after['rank']}",
            ]
        )
    names = ["token", "before", "after", "change", "logit before", "logit after", "rank"]
    print_table(names, rows)
    answer = found["answer"]
    before, after = answer["before"], answer["after"]
    click.echo(
        f"answer {printable(repr(answer['token']))}: probability {before['probability']:.4f} -> "
        f"{after['probability']:.4f}, rank {before['rank']} -> {after['rank']}"
    )
    click.echo(f"divergence {found['divergence_nats']:.4f} nats ({found['mode']} mode)")
    generated = found.get("generated", {})
    for when in ("before", "after"):
        for each in generated.get(when, ()):
            name = when if each["seed"] is None else f"{when}, seed {each['seed']}"
            click.echo(f"{name}: {printable(each['text'])}")


def print_sweep(found: dict[str, Any]) -> None:
    """One row per value."""
    rows = []
    for each in found["values"]:
        after = each["answer"]["after"]
        top = max(each["tokens"], key=lambda token: token["after"]["probability"])
        rows.append(
            [
                f"{each['value']:g}",
                f"{after['probability']:.4f}",
                f"{after['logit']:.3f}",
                after["rank"],
                f"{each['divergence_nats']:.4f}",
                f"{printable(repr(top['token']))} {top['after']['probability']:.4f}",
            ]
        )
    answer = found["values"][0]["answer"]
    before = answer["before"]
    print_table(["value", "probability", "logit", "rank", "divergence (nats)", "top token"], rows)
    click.echo(
        f"answer {printable(repr(answer['token']))}: probability {before['probability']:.4f}, "
        f"logit {before['logit']:.3f}, rank {before['rank']} before; {found['swept']} "
        f"({found['mode']} mode)"
    )
