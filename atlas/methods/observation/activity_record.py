"""Where every feature of some dictionaries is active in a token file, recorded on disk by layer.

One pass of the model over the file, however many dictionaries and features there are; what stands
in memory is one pass, and on reading some features of one layer. A recording that was interrupted
goes on after its last whole pass. Recordings of different sequences join to that of all of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from atlas.dashboards.activity import PLACE_BITS
from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.firing_together import Piece
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.files.whole import write_whole
from atlas.methods.activations import ActivationSettings, LayerEntries, shared_passes
from atlas.methods.observation.feature_activity import FINAL_SCALE, final_scales, table_of
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

ENTRY = np.dtype([("row", "<u4"), ("position", "<u4"), ("index", "<u4"), ("value", "<f4")])
STATE_FILE = "recorded.json"
READ_AT_ONCE = 1 << 22  # entries: 60 MB

Source = tuple[int, int]
"""The number of a dictionary and a layer."""


class ActivityRecord:
    """The recording in a folder of the sequences from `start` on. Final."""

    def __init__(self, folder: Path, layers: Sequence[Sequence[int]], start: int = 0) -> None:
        """Open or begin; `layers` are those of each dictionary."""
        self.folder = folder
        self.layers = layers
        self.start = start
        self.rows = 0  # sequences recorded so far
        self.final_scales = Fraction(0)  # exact, so that it does not matter in which order
        folder.mkdir(parents=True, exist_ok=True)
        self._resume()

    @property
    def sources(self) -> list[Source]:
        """Every layer of every dictionary."""
        return [(number, layer) for number, layers in enumerate(self.layers) for layer in layers]

    def record(
        self,
        engine: tuple[LanguageModel, Sequence[Dictionary]],
        labelled: LabelledTokens,
        settings: tuple[int, int],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Record the sequences that are missing up to some; `progress` gets (recorded, all).

        `settings` are the sequences in a pass, and the number of the first that is not recorded.
        """
        model, dictionaries = engine
        rows_per_pass, stop = settings
        first, words = self.start + self.rows, labelled.is_word()
        wanted = [
            (dictionary, ActivationSettings(layers=tuple(layers), rows_per_chunk=rows_per_pass))
            for dictionary, layers in zip(dictionaries, self.layers, strict=True)
        ]
        left = (labelled.tokens[first:stop], words[first:stop])
        for found in shared_passes(model, wanted, left, [FINAL_SCALE]):
            for number, one in enumerate(found):
                for layer, entries in one.layers.items():
                    self._append((number, layer), replace(entries, row=entries.row + first))
            self.final_scales += Fraction(float(final_scales(found[0], left[1]).sum()))
            self.rows = first - self.start + found[0].rows.stop
            self._remember()
            if progress is not None:
                progress(self.rows, stop - self.start)

    def absorb(self, other: ActivityRecord) -> None:
        """Take over the recording of the sequences that follow these. Raises BadInput."""
        if other.start != self.start + self.rows or other.layers != self.layers:
            raise BadInput(
                str(other.folder),
                f"a recording of the same layers from sequence {self.start + self.rows} on",
                f"one from {other.start} on",
            )
        for source in self.sources:
            with other._file(source).open("rb") as file, self._file(source).open("ab") as own:
                shutil.copyfileobj(file, own)
        self.rows += other.rows
        self.final_scales += other.final_scales
        self._remember()

    def counts(self, source: Source, features: int) -> Int64[np.ndarray, " feature"]:
        """At how many tokens each feature of a layer is active."""
        counts = np.zeros(features, dtype=np.int64)
        for piece in self.pieces(source):
            counts += np.bincount(piece.feature, minlength=features)
        return counts

    def pieces(self, source: Source) -> Iterator[Piece]:
        """The active features of a layer, token after token; each token in one piece."""
        for entries in self._read(source):
            active = entries[entries["value"] > 0]
            token = (active["row"].astype(np.int64) << PLACE_BITS) + active["position"]
            yield Piece(token, active["index"].astype(np.int64))

    def table(self, source: Source, features: Sequence[int]) -> ActivityTable:
        """Where some features of a layer, given in rising order, are active."""
        first, last = (features[0], features[-1]) if len(features) else (0, -1)
        parts = []
        for entries in self._read(source):
            near = entries[(entries["index"] >= first) & (entries["index"] <= last)]
            row, position, index = (
                near[name].astype(np.int64) for name in ("row", "position", "index")
            )
            parts.append(LayerEntries(row, position, index, near["value"].astype(np.float32)))
        return table_of(parts, features)

    def mean_final_scale(self, words: int) -> float:
        """The mean divisor of the final norm; `words` is the number of tokens that count."""
        return float(self.final_scales / max(words, 1))

    def _read(self, source: Source) -> Iterator[np.ndarray]:
        """Entries of a layer in portions that end between two tokens."""
        with self._file(source).open("rb") as file:
            waiting = np.zeros(0, dtype=ENTRY)
            while len(taken := np.fromfile(file, dtype=ENTRY, count=READ_AT_ONCE)):
                entries = np.concatenate([waiting, taken])
                last = entries[-1]
                same = (entries["row"] == last["row"]) & (entries["position"] == last["position"])
                end = int(np.flatnonzero(~same)[-1]) + 1 if not same.all() else 0
                waiting = entries[end:]
                yield entries[:end]
            yield waiting

    def _append(self, source: Source, entries: LayerEntries) -> None:
        rows = np.empty(len(entries.row), dtype=ENTRY)
        for name in ENTRY.names or ():
            rows[name] = getattr(entries, name)
        with self._file(source).open("ab") as file:
            file.write(rows.tobytes())  # whose error, unlike that of `tofile`, says why

    def _resume(self) -> None:
        """Go back to the last whole pass; to the beginning where its entries are not all there."""
        path = self.folder / STATE_FILE
        sizes: Mapping[str, int] = {}
        state = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        if state is not None and self._holds(state["sizes"]):
            sizes, self.rows = state["sizes"], state["rows"]
            self.final_scales = Fraction(state["final_scales"])
        for source in self.sources:
            with self._file(source).open("ab") as file:
                file.truncate(sizes.get(self._file(source).name, 0))

    def _holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether the files of entries are there, each at least as long."""
        files = [self.folder / name for name in sizes]
        return all(file.is_file() and file.stat().st_size >= sizes[file.name] for file in files)

    def _remember(self) -> None:
        files = [self._file(source) for source in self.sources]
        sizes = {file.name: file.stat().st_size for file in files}
        state = {"rows": self.rows, "final_scales": str(self.final_scales), "sizes": sizes}
        write_whole(self.folder / STATE_FILE, json.dumps(state).encode())

    def _file(self, source: Source) -> Path:
        dictionary, layer = source
        return self.folder / f"dictionary-{dictionary}-layer-{layer}.entries"
