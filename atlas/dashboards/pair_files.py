"""What comparing any two features of a model needs, in files of some hundred features of a layer.

A feature's decoder vector in steps of 1/127 of its largest number, the sums of its activations and
of their squares, and a sample of the tokens on which it is active: of all places of the text, put
in one order by lot, the first SAMPLE at which it is active, with its activation in steps of 1/255
of its maximum. Two features' samples are drawn by the same lot, so up to the place where the
shorter one ends both are known whole. Features with no more than SAMPLE active tokens are known
whole everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int8, Int64

from atlas.dashboards.activity import lots
from atlas.dashboards.activity_table import ActivityTable, ranks
from atlas.dashboards.dashboard_table import DashboardTable
from atlas.dashboards.shard_arrays import ArrayFile, smallest

FORMAT = 1
SAMPLE = 256  # tokens of a feature: a share of overlap is then known to 0.03 (one standard error)
VECTOR_STEPS = 127
VALUE_STEPS = 255


def quantised(vectors: Float[np.ndarray, "feature d_model"]) -> Int8[np.ndarray, "feature d_model"]:
    """Vectors as whole numbers; their lengths are lost, their directions are kept."""
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    scale = np.divide(VECTOR_STEPS, largest, out=np.zeros_like(largest), where=largest > 0)
    found: np.ndarray = np.rint(vectors * scale[:, None]).astype(np.int8)
    return found


def pair_files(
    table: DashboardTable, shape: tuple[int, int], size: int
) -> Iterator[tuple[int, ArrayFile]]:
    """Files of `size` features each, with each the index of its first; none without decoders.

    `shape` is that of the text: sequences and positions.
    """
    if (decoder := table.decoder) is None:
        return
    for start in range(0, len(table), size):
        part = slice(start, min(start + size, len(table)))
        arrays = {"decoder": decoder[part], **_activity(table.activity, shape, part)}
        header = {
            "format": FORMAT,
            "layer": table.layer,
            "first": int(table.activity.index[start]),
            "features": part.stop - part.start,
            "tokens": table.tokens,
            "places": shape[0] * shape[1],
            "sample": SAMPLE,
        }
        yield int(table.activity.index[start]), ArrayFile(header, arrays)


def _activity(
    activity: ActivityTable, shape: tuple[int, int], part: slice
) -> dict[str, np.ndarray]:
    first, last = int(activity.starts[part.start]), int(activity.starts[part.stop])
    value = activity.value[first:last].astype(np.float64)
    owner = activity.owner[first:last] - part.start
    count = part.stop - part.start
    chosen = sample(activity, shape, part)
    maxima = activity.maxima[activity.owner[chosen]]
    place = sample_order(shape)[activity.sequence[chosen], activity.position[chosen]]
    sizes = np.bincount(activity.owner[chosen] - part.start, minlength=count)
    return {
        "active": smallest(activity.counts[part]),
        "maximum": activity.maxima[part],
        "sum": np.bincount(owner, weights=value, minlength=count).astype("<f4"),
        "squares": np.bincount(owner, weights=value**2, minlength=count).astype("<f4"),
        "sample_starts": smallest(np.cumsum([0, *sizes])),
        "sample_place": smallest(place),
        "sample_value": np.rint(activity.value[chosen] / maxima * VALUE_STEPS).astype("|u1"),
    }


def sample(
    activity: ActivityTable, shape: tuple[int, int], part: slice
) -> Int64[np.ndarray, " chosen"]:
    """The entries of some features that come first in the order of all places."""
    first, last = int(activity.starts[part.start]), int(activity.starts[part.stop])
    owner = activity.owner[first:last]
    place = sample_order(shape)[activity.sequence[first:last], activity.position[first:last]]
    order = np.lexsort((place, owner))
    found: np.ndarray = first + order[ranks(owner[order]) < SAMPLE]
    return found


@lru_cache(maxsize=4)
def sample_order(shape: tuple[int, int]) -> Int64[np.ndarray, "sequence position"]:
    """The turn of each place of a text in an order by lot, which depends on nothing but places."""
    sequence, position = (each.ravel() for each in np.indices(shape))
    order = np.argsort(lots(sequence, position), kind="stable")
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order))
    return turn.reshape(shape)
