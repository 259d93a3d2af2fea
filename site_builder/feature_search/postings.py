"""Which features have a word, as bytes: for each word, the features in order with their fields.

A posting is one number, `(distance to the posting before) * 8 + fields`, written seven bits at a
time, low bits first, the eighth bit set where more follow. Fields are bits: 1 label, 2 trigger
token, 4 promoted token. A long list is cut into blocks that start anew, so that a part of the
features can be read alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8, UInt32

from site_builder.feature_search.texts import FeatureText
from site_builder.feature_search.words import words_of

LABEL, TRIGGER, PROMOTED = 1, 2, 4
FIELD_BITS = 3
RUN = 1 << 20  # postings that are encoded at once
BLOCK_POSTINGS = 32_768  # about 40 KB; a common word of a million features has some blocks


@dataclass(frozen=True)
class Block:
    """A word with some or all of its postings."""

    word: str
    first: int  # feature
    count: int  # postings
    data: bytes


class Inversion:
    """Collects the words of features, then gives them word by word."""

    def __init__(self) -> None:
        """Nothing collected yet."""
        self.numbers: dict[str, int] = {}  # of words, in order of appearance
        self.words = array("I")
        self.places = array("I")  # feature * 8 + fields
        self.features = 0
        self.known: dict[str, tuple[int, ...]] = {}  # words of short texts, which repeat

    def add(self, text: FeatureText) -> None:
        """Add the next feature."""
        fields: dict[int, int] = {}
        for field, values in (
            (LABEL, (text.label,)),
            (TRIGGER, text.triggers),
            (PROMOTED, text.promoted),
        ):
            for value in values:
                for number in self.numbers_of(value):
                    fields[number] = fields.get(number, 0) | field
        place = self.features << FIELD_BITS
        self.words.extend(fields)
        self.places.extend(place | each for each in fields.values())
        self.features += 1

    def numbers_of(self, text: str) -> tuple[int, ...]:
        """The numbers of a text's words."""
        found = self.known.get(text)
        if found is None:
            numbers = self.numbers
            found = tuple(numbers.setdefault(word, len(numbers)) for word in words_of(text))
            if len(text) < 24:
                self.known[text] = found
        return found

    def blocks(self, size: int = BLOCK_POSTINGS) -> Iterator[Block]:
        """Every word's postings, by words as browsers order strings, then by feature."""
        words = sorted(self.numbers, key=browser_order)
        ranks = np.empty(len(words), dtype=np.uint32)
        ranks[[self.numbers[word] for word in words]] = np.arange(len(words), dtype=np.uint32)
        key = ranks[np.frombuffer(self.words, dtype=np.uint32)] if self.words else ranks
        order = np.argsort(key, kind="stable")
        places = np.frombuffer(self.places, dtype=np.uint32)[order] if self.places else ranks
        counts = np.bincount(key, minlength=len(words))
        del key, order
        ends = np.cumsum(counts)
        starts = np.concatenate(
            [np.arange(end - many, end, size) for end, many in zip(ends, counts, strict=True)]
            or [np.zeros(0, dtype=np.int64)]
        )
        owner = np.searchsorted(ends, starts, side="right")
        stops = np.append(starts[1:], len(places))
        # Run after run of neighbouring blocks: all at once would take as much memory again.
        for run in np.split(np.arange(len(starts)), np.flatnonzero(np.diff(starts // RUN)) + 1):
            if not len(run):
                continue
            begin, end = int(starts[run[0]]), int(stops[run[-1]])
            data, edges = encoded(places[begin:end], starts[run] - begin)
            for block in run.tolist():
                start, stop = int(starts[block]), int(stops[block])
                content = data[edges[start - begin] : edges[stop - begin]].tobytes()
                first = int(places[start]) >> FIELD_BITS
                yield Block(words[owner[block]], first, stop - start, content)

    def frequent(self, most: int, shortest: int) -> list[tuple[str, int]]:
        """The words that most features have, with their number of features."""
        counts = np.bincount(np.frombuffer(self.words, np.uint32)) if self.words else np.zeros(0)
        long = [word for word in self.numbers if len(word) >= shortest]
        ranked = sorted((-int(counts[self.numbers[word]]), word) for word in long)
        return [(word, -many) for many, word in ranked[:most]]


def browser_order(word: str) -> bytes:
    """A key that sorts strings as browsers do: by 16-bit units."""
    return word.encode("utf-16-be", errors="surrogatepass")


def encoded(
    places: UInt32[np.ndarray, " posting"], starts: Int64[np.ndarray, " block"]
) -> tuple[UInt8[np.ndarray, " byte"], Int64[np.ndarray, " edge"]]:
    """All postings as bytes, and where each one's bytes start; distances begin anew at `starts`."""
    features = places >> FIELD_BITS
    steps = np.diff(features, prepend=np.uint32(0))
    steps[starts] = features[starts]
    values = (steps << FIELD_BITS) | (places & ((1 << FIELD_BITS) - 1))
    lengths = np.ones(len(values), dtype=np.int64)
    for limit in (7, 14, 21, 28):
        lengths += values >= (1 << limit)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    data = np.zeros(int(edges[-1]), dtype=np.uint8)
    for byte in range(5):
        chosen = np.flatnonzero(lengths > byte)
        low = (values[chosen] >> (7 * byte)) & 0x7F
        more = np.where(lengths[chosen] > byte + 1, 0x80, 0)
        data[edges[chosen] + byte] = low | more
    return data, edges
