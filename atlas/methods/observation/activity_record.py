"""Where every feature of a dictionary is active in a token file, recorded on disk layer by layer.

One pass of the model over the file, however many features there are; what stands in memory is one
pass, and on reading one layer. A recording that was interrupted goes on after its last whole pass.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from atlas.dashboards.activity import Activity
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.methods.activations import ActivationSettings, LayerEntries, passes
from atlas.methods.observation.feature_activity import (
    FINAL_SCALE,
    LayerActivity,
    by_feature,
    summed_final_scale,
)
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

ENTRY = np.dtype([("row", "<u4"), ("position", "<u4"), ("index", "<u4"), ("value", "<f4")])
STATE_FILE = "recorded.json"


class ActivityRecord:
    """The recording in a folder. Final."""

    def __init__(self, folder: Path, layers: tuple[int, ...]) -> None:
        self.folder = folder
        self.layers = layers
        self.rows = 0  # sequences recorded so far
        self.final_scales = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        self._resume()

    def record(
        self,
        engine: tuple[LanguageModel, Dictionary],
        labelled: LabelledTokens,
        rows_per_pass: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Record the sequences that are still missing; `progress` gets (recorded, all)."""
        start, words = self.rows, labelled.is_word()
        settings = ActivationSettings(layers=self.layers, rows_per_chunk=rows_per_pass)
        left = (labelled.tokens[start:], words[start:])
        for one in passes(*engine, left, settings, [FINAL_SCALE]):
            for layer, entries in one.layers.items():
                self._append(layer, replace(entries, row=entries.row + start))
            self.final_scales += summed_final_scale(one, words[start:])
            self.rows = start + one.rows.stop
            self._remember()
            if progress is not None:
                progress(self.rows, len(labelled.tokens))

    def layer(self, layer: int, features: int, words: int) -> LayerActivity:
        """All features of one layer; `words` is the number of tokens that count."""
        found = np.fromfile(self._file(layer), dtype=ENTRY)
        row, position, index = (
            found[name].astype(np.int64) for name in ("row", "position", "index")
        )
        active = dict(by_feature(LayerEntries(row, position, index, found["value"])))
        silent = Activity.join([])
        return LayerActivity(
            layer,
            {index: active.get(index, silent) for index in range(features)},
            self.final_scales / max(words, 1),
        )

    def _append(self, layer: int, entries: LayerEntries) -> None:
        rows = np.empty(len(entries.row), dtype=ENTRY)
        for name in ENTRY.names or ():
            rows[name] = getattr(entries, name)
        with self._file(layer).open("ab") as file:
            rows.tofile(file)

    def _resume(self) -> None:
        """Go back to the last whole pass."""
        path = self.folder / STATE_FILE
        sizes = {str(layer): 0 for layer in self.layers}
        if path.is_file():
            state = json.loads(path.read_text(encoding="utf-8"))
            sizes, self.rows = state["sizes"], state["rows"]
            self.final_scales = state["final_scales"]
        for layer in self.layers:
            with self._file(layer).open("ab") as file:
                file.truncate(sizes[str(layer)])

    def _remember(self) -> None:
        sizes = {str(layer): self._file(layer).stat().st_size for layer in self.layers}
        state = {"rows": self.rows, "final_scales": self.final_scales, "sizes": sizes}
        path = self.folder / STATE_FILE
        new = path.with_suffix(".new")
        new.write_text(json.dumps(state), encoding="utf-8")
        os.replace(new, path)

    def _file(self, layer: int) -> Path:
        return self.folder / f"layer-{layer}.entries"
