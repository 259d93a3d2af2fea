"""An attention score as a heat map: what pairs of sources add to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from atlas.entries.circuit import AttentionView
from atlas.graphs.attention_score import AttentionScore
from atlas.runs.pictures import LOWERS, RAISES, Picture
from atlas.runs.tables import Table, attention_table

REST = "all other sources"
COLOURS = LinearSegmentedColormap.from_list("score", [LOWERS, "white", RAISES])


@dataclass(frozen=True)
class AttentionSection:
    """What a notebook shows of one head: a sentence, a heat map, the strongest pairs."""

    title: str
    sentence: str
    picture: Picture
    pairs: Table


def attention_sections(
    views: Sequence[AttentionView], scores: Sequence[AttentionScore]
) -> list[AttentionSection]:
    """A section for each head that a circuit names; none where it names none."""
    return [
        AttentionSection(
            f"Head {view.head}: {view.label}",
            in_words(score),
            attention_picture(score),
            attention_table(score),
        )
        for view, score in zip(views, scores, strict=True)
    ]


def in_words(score: AttentionScore) -> str:
    """Where the head looks, how strongly, and what is split."""
    key = score.keys[0]
    words = (
        f"From {_token(score, score.place.query)} it looks at {_token(score, key.position)} with "
        f"attention {key.weight:.3f} (score {key.score:+.2f})"
    )
    for foil in score.keys[1:]:
        words += (
            f", and at {_token(score, foil.position)} with {foil.weight:.3f} "
            f"({foil.score:+.2f}); what is split is the difference, {score.score:+.2f}"
        )
    return words + "."


def _token(score: AttentionScore, position: int) -> str:
    return f"“{score.tokens[position]}” (token {position})"


def attention_picture(score: AttentionScore) -> Picture:
    """Rows are sources at the query, columns sources at the key; blue adds, orange takes."""
    values = score.table.values
    rows, columns = (
        [*(score.name(int(source)) for source in sources), REST]
        for sources in (score.table.query, score.table.key)
    )
    figure = Figure(figsize=(3.2 + 0.55 * len(columns), 1.9 + 0.36 * len(rows)))
    axes = figure.add_subplot()
    largest = float(np.abs(values).max(initial=1e-12))
    image = axes.imshow(values, cmap=COLOURS, vmin=-largest, vmax=largest, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_xlabel("what reaches the key", fontsize=9)
    axes.set_ylabel("what reaches the query", fontsize=9)
    axes.set_title(f"score {score.score:+.2f}, the sum of all cells", fontsize=9)
    figure.colorbar(image, ax=axes, shrink=0.8).ax.tick_params(labelsize=8)
    figure.tight_layout()
    return Picture(figure)
