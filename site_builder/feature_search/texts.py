"""What is searched of a feature: its label, the tokens it fires on, the tokens it promotes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from atlas.dashboards.shard_arrays import ArrayFile
from atlas.errors import MISSHAPEN, UnknownFormat
from site_builder.part_nodes import WORD_MARKS

TOKENS = 5  # of each kind: what a line of results shows, and what a reader may search for
LONGEST_TEXT = 160  # characters of a label or token in the index
TOP_GROUP = 0  # of an example: the strongest ones


@dataclass(frozen=True)
class FeatureText:
    """The searched texts of one feature."""

    label: str = ""  # empty where there is none
    curated: bool = False  # whether people wrote the label
    triggers: tuple[str, ...] = ()  # tokens at the peaks of its strongest examples
    promoted: tuple[str, ...] = ()  # tokens whose logits it raises most


def shard_texts(path: Path, curated: Mapping[int, str]) -> Iterator[FeatureText]:
    """The texts of a shard's features in order; `curated` labels by index go before others.

    Raises UnknownFormat for a file that is no shard.
    """
    shard = ArrayFile.read(path)
    try:
        first, strings = int(shard.header["first"]), shard.header["strings"]
        promoted = shard.arrays["promoted_token"].reshape(int(shard.header["features"]), -1)
        triggers, labels = trigger_tokens(shard), automatic_labels(shard)
        for row, raised in enumerate(promoted):
            label = curated.get(first + row, "")
            yield FeatureText(
                shown(label or labels[row]),
                bool(label),
                tokens(strings, triggers[row]),
                tokens(strings, raised),
            )
    except MISSHAPEN as error:
        raise UnknownFormat(str(path), "a shard of dashboards", str(error)[:200]) from error


def automatic_labels(shard: ArrayFile) -> Sequence[str]:
    """The first automatic label of each feature, empty where the shard has none."""
    many = int(shard.header["features"])
    texts, starts = shard.header.get("label_texts", ()), shard.arrays.get("label_starts")
    if not texts or starts is None:
        return [""] * many
    return [str(texts[starts[row]]) if starts[row] < starts[row + 1] else "" for row in range(many)]


def trigger_tokens(shard: ArrayFile) -> list[np.ndarray]:
    """The tokens at the peaks of each feature's strongest examples, as indices into the strings."""
    arrays = shard.arrays
    place = arrays["example_text"].astype(np.int64) + arrays["example_peak"]
    token = arrays["text"][place] if len(place) else place
    top, starts = arrays["example_group"] == TOP_GROUP, arrays["example_starts"]
    return [
        token[start:stop][top[start:stop]]
        for start, stop in zip(starts[:-1], starts[1:], strict=True)
    ]


def tokens(strings: Sequence[str], chosen: np.ndarray) -> tuple[str, ...]:
    """The first distinct tokens that have anything to show."""
    found: dict[str, None] = {}
    for each in chosen.tolist():
        if token := shown(strings[each].strip(WORD_MARKS)):
            found.setdefault(token)
        if len(found) == TOKENS:
            break
    return tuple(found)


def shown(text: str) -> str:
    """A text as the index keeps it: one line, not too long."""
    return " ".join(str(text).split())[:LONGEST_TEXT]
