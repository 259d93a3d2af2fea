"""The order of the sources in the rows of a sweep."""

from __future__ import annotations

from dataclasses import dataclass

from atlas.graphs.graph import CONSTANTS
from atlas.models.replacement import FrozenPass


@dataclass(frozen=True)
class Columns:
    """The sources in order: features, errors (by layer, position, slot), tokens, constants."""

    features: int
    layers: int
    positions: int
    slots: int  # columns for each error; more than one where errors are split by expert

    @classmethod
    def of(cls, frozen: FrozenPass) -> Columns:
        """The columns of a prompt's rows."""
        layers, length = frozen.model.layers, frozen.length
        return cls(len(frozen.features), layers, length, frozen.error_slots)

    def error(self, layer: int, position: int) -> slice:
        """The columns of an error's parts."""
        start = self.features + (layer * self.positions + position) * self.slots
        return slice(start, start + self.slots)

    @property
    def first_token(self) -> int:
        """The column of the first token."""
        return self.features + self.layers * self.positions * self.slots

    @property
    def first_constant(self) -> int:
        """The column of the first constant."""
        return self.first_token + self.positions

    def constant(self, name: str) -> int:
        """The column of a constant."""
        return self.first_constant + CONSTANTS.index(name)

    @property
    def count(self) -> int:
        """The number of columns."""
        return self.first_constant + len(CONSTANTS)
