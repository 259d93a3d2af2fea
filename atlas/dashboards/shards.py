"""Dashboards of some hundred features of a layer in one small file, for the pages of the site.

Self-contained: the texts that examples are cut from are in it once (stretches that overlap are
merged), and the tokens that it mentions as strings, in the header. Numbers that only a picture or
three digits of text come from are whole numbers: an activation inside an example is a share of the
feature's maximum in steps of 1/65535, a logit one of the feature's largest in steps of 1/32767, a
cosine and an overlap steps of 1/32767.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int16, Int64, UInt16

from atlas.dashboards.activity import Context
from atlas.dashboards.dashboard_table import DashboardTable, TokenEffects
from atlas.dashboards.example_table import ExampleTable
from atlas.dashboards.firing_together import NONE
from atlas.dashboards.label_files import label_columns
from atlas.dashboards.shard_arrays import ArrayFile, smallest

FORMAT = 1
VALUE_STEPS, SIGNED_STEPS = 65535, 32767
TOP_GROUP = 0  # of an example; bands are 1, 2, … from the lowest


@dataclass(frozen=True)
class Stretches:
    """Texts of a token file, each position at most once, and where examples lie in them."""

    tokens: Int64[np.ndarray, " text"]
    starts: Int64[np.ndarray, " example"]  # index into tokens of each example's first token

    @classmethod
    def of(cls, examples: ExampleTable, context: Context) -> Stretches:
        """Merge the stretches of examples where they overlap or touch."""
        width = context.tokens.shape[1] + 1  # one more, so that sequences do not touch
        first = examples.sequence * width + examples.start
        last = examples.sequence * width + examples.stop
        order = np.argsort(first, kind="stable")
        reached = np.maximum.accumulate(last[order]) if len(order) else last
        new = np.ones(len(order), dtype=bool)
        new[1:] = first[order][1:] > reached[:-1]
        begins = first[order][new]
        ends = np.append(reached[np.flatnonzero(new)[1:] - 1], reached[-1:])
        lengths = ends - begins
        offsets = np.cumsum(lengths) - lengths
        place = np.repeat(begins - offsets, lengths) + np.arange(int(lengths.sum()))
        tokens = context.tokens[place // width, place % width].astype(np.int64)
        stretch = np.empty(len(order), dtype=np.int64)
        stretch[order] = np.cumsum(new) - 1
        return cls(tokens, offsets[stretch] + first - begins[stretch])


def shards(table: DashboardTable, context: Context, size: int) -> Iterator[tuple[int, ArrayFile]]:
    """Files of `size` features each, by ascending index; with each the index of its first feature.

    The table holds all features of its layer, or a part that starts at a multiple of `size`.
    """
    for start in range(0, len(table), size):
        part = slice(start, min(start + size, len(table)))
        yield int(table.activity.index[start]), _shard(table, context, part)


def _shard(table: DashboardTable, context: Context, part: slice) -> ArrayFile:
    examples, groups = _examples(table, part)
    texts = Stretches.of(examples, context)
    effects = (table.promoted.token[part], table.suppressed.token[part])
    used = np.unique(np.concatenate([texts.tokens, *(each.ravel() for each in effects)]))
    bands, maxima = table.figures.bands, table.activity.maxima[part]
    header = {
        "format": FORMAT,
        "model": table.model,
        "dictionary": table.dictionary,
        "layer": table.layer,
        "first": int(table.activity.index[part.start]),
        "features": part.stop - part.start,
        "tokens": table.tokens,
        "bins": table.figures.histograms.shape[1],
        "bands": bands.counts.shape[1],
        "strings": [context.strings[token] for token in used.tolist()],
    }
    arrays = {
        "active": smallest(table.activity.counts[part]),
        "maximum": maxima,
        "histogram": smallest(table.figures.histograms[part]),
        "band_count": smallest(bands.counts[part]),
        "band_lowest": bands.lowest[part],
        "band_highest": bands.highest[part],
        **_effects("promoted", table.promoted, part, used),
        **_effects("suppressed", table.suppressed, part, used),
        **_neighbours(table, part),
        "text": smallest(np.searchsorted(used, texts.tokens)),
        "example_starts": smallest(examples.starts),
        "example_group": smallest(groups),
        "example_sequence": smallest(examples.sequence),
        "example_text": smallest(texts.starts),
        "example_length": smallest(examples.stop - examples.start),
        "example_peak": smallest(examples.peak),
        "example_values": smallest(np.diff(examples.edges)),
        "value_offset": smallest(examples.offset),
        "value": _shares(examples, maxima),
    }
    return _with_labels(ArrayFile(header, arrays), table, part)


def _with_labels(shard: ArrayFile, table: DashboardTable, part: slice) -> ArrayFile:
    """A shard with the labels of its features."""
    own = table.labels[part] if table.labels else [()] * (part.stop - part.start)
    labels = [label for each in own for label in each]
    methods = sorted({label.method for label in labels})
    header = {"label_texts": [label.text for label in labels], "label_methods": methods}
    starts = smallest(np.cumsum([0, *map(len, own)]))
    columns = {"label_starts": starts, **label_columns(labels, methods)}
    return ArrayFile({**shard.header, **header}, {**shard.arrays, **columns})


def _examples(
    table: DashboardTable, part: slice
) -> tuple[ExampleTable, Int64[np.ndarray, " example"]]:
    """Top examples and those of bands in one table, feature after feature, and their groups."""
    top, drawn = table.figures.top, table.figures.band_examples
    tops = np.arange(top.starts[part.start], top.starts[part.stop])
    drawns = np.arange(drawn.starts[part.start], drawn.starts[part.stop])
    group = np.concatenate([np.full(len(tops), TOP_GROUP), table.figures.bands.band[drawns] + 1])
    numbers = np.arange(part.start, part.stop + 1)
    owner = np.concatenate(
        [
            np.searchsorted(each.starts[numbers], chosen, side="right") - 1
            for each, chosen in ((top, tops), (drawn, drawns))
        ]
    )
    order = np.lexsort((group, owner))
    joined = ExampleTable.joined([top.chosen(tops), drawn.chosen(drawns)]).chosen(order)
    starts = np.searchsorted(owner[order], np.arange(part.stop - part.start + 1))
    return joined.with_starts(starts), group[order]


def _shares(
    examples: ExampleTable, maxima: Float[np.ndarray, " feature"]
) -> UInt16[np.ndarray, " entry"]:
    """Activations as shares of the maximum of their feature."""
    owner = np.repeat(np.arange(len(maxima)), np.diff(examples.starts))
    highest = maxima[np.repeat(owner, np.diff(examples.edges))]
    found: np.ndarray = np.rint(examples.value / highest * VALUE_STEPS).astype("<u2")
    return found


def _effects(
    name: str, effects: TokenEffects, part: slice, used: Int64[np.ndarray, " token"]
) -> dict[str, np.ndarray]:
    logits = effects.logit[part].astype(np.float32)
    scale = np.abs(logits).max(axis=1, initial=0.0)
    shares = np.divide(logits, scale[:, None], out=np.zeros_like(logits), where=scale[:, None] > 0)
    return {
        f"{name}_token": smallest(np.searchsorted(used, effects.token[part])),
        f"{name}_scale": scale,
        f"{name}_logit": _signed(shares),
    }


def _neighbours(table: DashboardTable, part: slice) -> dict[str, np.ndarray]:
    """Similar features and those that fire together; indices are one more, 0 is none."""
    near, together = table.similar, table.together
    own = table.activity.counts[part][:, None]
    both = together.both[part]
    other = np.where(together.index[part] == NONE, 0, together.index[part])
    either = own + (table.counts[other] if len(table.counts) else 0) - both
    overlap = np.where(together.index[part] == NONE, 0, both / np.maximum(either, 1))
    return {
        "similar_layer": smallest(np.maximum(near.layer[part], 0)),
        "similar_index": smallest(near.index[part] + 1),
        "similar_cosine": _signed(np.where(near.index[part] == NONE, 0, near.cosine[part])),
        "together_index": smallest(together.index[part] + 1),
        "together_both": smallest(both),
        "together_overlap": _signed(overlap),
    }


def _signed(shares: Float[np.ndarray, "*shape"]) -> Int16[np.ndarray, "*shape"]:
    """Shares from -1 to 1 as whole numbers."""
    found: np.ndarray = np.rint(np.clip(shares, -1, 1) * SIGNED_STEPS).astype("<i2")
    return found
