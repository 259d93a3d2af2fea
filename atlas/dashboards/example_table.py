"""Examples of many features in columns: stretches of text with the activations inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Int64

from atlas.dashboards.activity import DECIMALS, Context
from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.dashboard import Example


@dataclass(frozen=True)
class ExampleTable:
    """Examples by feature; those of feature number k are from `starts[k]` to `starts[k + 1]`.

    Activations above 0 alone are kept: those of example e are from `edges[e]` to `edges[e + 1]`.
    """

    starts: Int64[np.ndarray, " feature_edge"]
    sequence: Int64[np.ndarray, " example"]
    start: Int64[np.ndarray, " example"]  # the first position that is shown
    stop: Int64[np.ndarray, " example"]  # the position after the last one that is shown
    peak: Int64[np.ndarray, " example"]  # from the start: the token that it was chosen for
    edges: Int64[np.ndarray, " example_edge"]
    offset: Int64[np.ndarray, " entry"]  # from the start of the example
    value: Float32[np.ndarray, " entry"]

    @classmethod
    def cut(
        cls, table: ActivityTable, context: Context, entries: Int64[np.ndarray, " example"]
    ) -> ExampleTable:
        """The stretches around some entries of a table, which are sorted by feature."""
        sequence = table.sequence[entries].astype(np.int64)
        position = table.position[entries].astype(np.int64)
        start = np.maximum(0, position - context.before)
        stop = np.minimum(context.lengths[sequence], position + context.after + 1)
        run = np.searchsorted(table.runs, entries, side="right") - 1
        ends = np.append(table.runs, len(table.value))
        sizes = ends[run + 1] - ends[run]
        example = np.repeat(np.arange(len(entries)), sizes)
        near = np.arange(len(example)) - np.repeat(np.cumsum(sizes) - sizes - ends[run], sizes)
        place = table.position[near].astype(np.int64)
        inside = (place >= start[example]) & (place < stop[example])
        example, near, place = example[inside], near[inside], place[inside]
        counts = np.bincount(example, minlength=len(entries))
        return cls(
            starts=np.searchsorted(table.owner[entries], np.arange(len(table) + 1)),
            sequence=sequence,
            start=start,
            stop=stop,
            peak=position - start,
            edges=np.concatenate([[0], np.cumsum(counts)]),
            offset=place - start[example],
            value=table.value[near],
        )

    @classmethod
    def joined(cls, tables: Sequence[ExampleTable]) -> ExampleTable:
        """Examples one table after the other; which feature's they are is left open."""
        columns = {
            name: np.concatenate([getattr(table, name) for table in tables])
            for name in ("sequence", "start", "stop", "peak", "offset", "value")
        }
        sizes = np.concatenate([np.diff(table.edges) for table in tables])
        starts = np.array([0, len(columns["sequence"])])
        return cls(starts=starts, edges=np.concatenate([[0], np.cumsum(sizes)]), **columns)

    def chosen(self, examples: Int64[np.ndarray, " chosen"]) -> ExampleTable:
        """Some examples in an order of one's own; which feature's they are is left open."""
        sizes = np.diff(self.edges)[examples]
        edges = np.concatenate([[0], np.cumsum(sizes)])
        inside = np.arange(int(edges[-1])) + np.repeat(self.edges[examples] - edges[:-1], sizes)
        return ExampleTable(
            starts=np.array([0, len(examples)]),
            sequence=self.sequence[examples],
            start=self.start[examples],
            stop=self.stop[examples],
            peak=self.peak[examples],
            edges=edges,
            offset=self.offset[inside],
            value=self.value[inside],
        )

    def with_starts(self, starts: Int64[np.ndarray, " feature_edge"]) -> ExampleTable:
        """The same examples, said to be those of features."""
        return replace(self, starts=starts)

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.sequence)

    def example(self, number: int, context: Context) -> Example:
        """One example with its tokens."""
        start, stop = int(self.start[number]), int(self.stop[number])
        values = [0.0] * (stop - start)
        inside = slice(int(self.edges[number]), int(self.edges[number + 1]))
        for offset, value in zip(
            self.offset[inside].tolist(), self.value[inside].tolist(), strict=True
        ):
            values[offset] = round(value, DECIMALS)
        sequence = int(self.sequence[number])
        ids = context.tokens[sequence, start:stop].tolist()
        return Example(
            sequence=sequence,
            tokens=tuple(context.strings[token] for token in ids),
            activations=tuple(values),
            peak=int(self.peak[number]),
        )

    def of_feature(self, number: int, context: Context) -> tuple[Example, ...]:
        """The examples of one feature."""
        chosen = range(int(self.starts[number]), int(self.starts[number + 1]))
        return tuple(self.example(each, context) for each in chosen)
