"""A linear axis in percent of the width, so that charts fit any screen without scaling text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

SMALLEST_SPAN = 1e-9  # less than any metric can show
MARGIN = 0.04  # of the span, on both sides: marks at the ends stay whole


@dataclass(frozen=True)
class Scale:
    """Maps numbers from `low` to `high` to 0–100 % of a chart's width."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float], at_least: tuple[float, float] | None = None) -> Scale:
        """A scale that shows all finite values, zero, and the range `at_least` if given."""
        shown = [value for value in values if math.isfinite(value)]
        shown += [0.0, *(at_least or ())]
        low, high = min(shown), max(shown)
        if high - low < SMALLEST_SPAN:
            high = low + 1.0
        room = MARGIN * (high - low)
        return cls(low - room, high + room)

    def share(self, value: float) -> float:
        """Where a number lies, from 0 to 1; numbers outside stay at the edge."""
        if not math.isfinite(value):
            return 0.0
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def at(self, value: float) -> str:
        """Where a number lies, as an SVG percentage."""
        return as_percentage(self.share(value))

    def width(self, start: float, end: float) -> str:
        """How wide the stretch from `start` to `end` is, as an SVG percentage."""
        return as_percentage(self.share(end) - self.share(start))

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers along the axis, roughly that many."""
        raw = (self.high - self.low) / max(about, 1)
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
        first = math.ceil(self.low / step)
        last = math.floor(self.high / step)
        return [round(index * step, 10) + 0.0 for index in range(first, last + 1)]


def as_percentage(share: float) -> str:
    """A share of the width with one decimal: a tenth of a percent is less than a pixel."""
    return f"{100 * share:.1f}".removesuffix(".0") + "%"
