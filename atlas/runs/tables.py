"""Tables that notebooks show: HTML in a browser, aligned text elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from atlas.entries.circuit import Claim
from atlas.entries.evidence import Verdict
from atlas.entries.measurement import Measurement
from atlas.graphs.attention_score import AttentionScore
from atlas.methods.circuit_graph import CircuitGraph, PartEdge
from atlas.runs.measure_circuit import PartActivation


@dataclass(frozen=True)
class Table:
    """Rows of text under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.header)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        everything = [self.header, *self.rows]
        widths = [max(len(row[column]) for row in everything) for column in range(len(self.header))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in everything
        )


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table of anything, numbers with three significant digits."""
    return Table(tuple(header), tuple(tuple(_cell(cell) for cell in row) for row in rows))


def answer_table(answer: Mapping[str, Any]) -> Table:
    """The model's most likely next tokens."""
    return table(
        ("next token", "probability"),
        [(each["token"], each["probability"]) for each in answer["top"]],
    )


def activation_table(found: Sequence[PartActivation]) -> Table:
    """How strongly the members of each part are active."""
    return table(
        ("part", "feature", "at token", "activation"),
        [(each.label, each.feature, each.token, each.activation) for each in found],
    )


def graph_table(graph: CircuitGraph) -> Table:
    """The scores of the whole graph, and how much of it is drawn."""
    rows: list[tuple[str, object]] = [
        (name.replace("_", " "), float(value)) for name, value in asdict(graph.scores).items()
    ]
    rows.append(("nodes drawn", f"{len(graph.drawn.nodes)} of {len(graph.whole.nodes)}"))
    rows.append(("edges drawn", f"{graph.drawn.rows.nnz} of {graph.whole.rows.nnz}"))
    return table(("score", "value"), rows)


def edge_table(edges: Sequence[PartEdge]) -> Table:
    """What each part gives to others in the graph. Read off one graph, so not evidence."""
    return table(
        ("from", "to", "weight", "share of the input", "expected", "as expected"),
        [
            (each.source, each.target, each.weight, each.share, each.expected or "–",
             "–" if each.as_expected is None else "yes" if each.as_expected else "no")
            for each in edges
        ],
    )  # fmt: skip


def attention_table(score: AttentionScore) -> Table:
    """The pairs of sources that add most to an attention score, or take most from it."""
    pairs = score.strongest
    rows = [
        (score.name(int(query)), score.name(int(key)), float(value))
        for query, key, value in zip(pairs.query, pairs.key, pairs.value, strict=True)
    ]
    return table(("at the query", "at the key", "adds to the score"), rows)


def claims_table(
    claims: Sequence[Claim], measured: Sequence[Measurement], verdicts: Mapping[str, Verdict]
) -> Table:
    """Each claim with what was measured, and the verdict with its reasons."""
    by_claim = {each.claim: each for each in measured}
    rows = []
    for claim in claims:
        verdict = verdicts[claim.id]
        word = "demonstration" if verdict.demonstration else verdict.word.replace("_", " ")
        found = by_claim.get(claim.id)
        numbers = measurement_cells(found) if found else ("–",) * 4
        rows.append((claim.statement, *numbers, word, "; ".join(verdict.reasons)))
    return table(
        ("claim", "rows", "effect", "95 % interval", "control", "verdict", "because"), rows
    )


def score_table(score: Mapping[str, Any] | None) -> Table:
    """How well the label tells when the feature is active, on held-out tokens."""
    names = ("f1", "control_f1", "precision", "recall", "threshold", "positives", "tokens")
    rows = [(name.replace("_", " "), score[name]) for name in names] if score else []
    return table(("held-out score of the label", "value"), rows)


def examples_table(examples: Sequence[Mapping[str, Any]], most: int = 8) -> Table:
    """Texts in which a feature is active; the strongest token stands in brackets."""
    rows = []
    for each in examples[:most]:
        tokens = [str(token) for token in each["tokens"]]
        peak = each["peak"]
        tokens[peak] = f"[{tokens[peak]}]"
        rows.append((float(each["activations"][peak]), " ".join(tokens)))
    return table(("activation", "text"), rows)


def promoted_table(dashboard: Mapping[str, Any]) -> Table:
    """The tokens whose logits the feature raises and lowers most."""
    pairs = zip(dashboard["promoted"], dashboard["suppressed"], strict=True)
    return table(
        ("raises", "logit per activation", "lowers", "logit per activation"),
        [(up["token"], up["logit"], down["token"], down["logit"]) for up, down in pairs],
    )


def feature_claims_table(measured: Sequence[Measurement], verdicts: Mapping[str, Verdict]) -> Table:
    """The verdicts on a feature's label and on its steering, with their reasons."""
    by_claim = {each.claim: each for each in measured}
    rows = []
    for name, verdict in verdicts.items():
        found = by_claim.get(name)
        numbers = measurement_cells(found) if found else ("–",) * 4
        rows.append((name, *numbers, verdict.word.replace("_", " "), "; ".join(verdict.reasons)))
    return table(
        ("claim", "rows", "effect", "95 % interval", "control", "verdict", "because"), rows
    )


def measurement_cells(found: Measurement) -> tuple[str, str, str, str]:
    """Rows, effect, interval and control of a measurement, in words."""
    low, high = found.interval
    control = "–"
    if found.control:
        control = f"{found.control.median:.3g} (p = {found.control.p_value:.2g})"
    return (
        str(found.n),
        f"{found.value:.3g} {found.unit}",
        f"[{low:.3g}, {high:.3g}]",
        control,
    )


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
