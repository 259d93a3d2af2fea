"""Horizontal bars for a metric before and after, and the histogram of a feature's activations."""

from __future__ import annotations

import math
from collections.abc import Sequence

from atlas.entries.measurement import Measurement
from site_builder.html import Html, tag
from site_builder.numbers import fixed, number, whole
from site_builder.pictures.scale import Scale

BAR_HEIGHT = 16  # pixels


def before_after_bars(measurement: Measurement, label: str) -> Html:
    """The metric without and with the intervention, as two bars on one axis."""
    share = measurement.unit != "logits"
    values = (measurement.before, measurement.after)
    scale = Scale.around(values, (0.0, 1.0) if share else None)
    if share:
        scale = Scale(0.0, 1.0)
    rows = [
        bar_row(name, value, scale)
        for name, value in (("before", measurement.before), ("after", measurement.after))
    ]
    words = f"{label}: {fixed(values[0])} before, {fixed(values[1])} after the intervention."
    caption = tag("div", {"class": "chart-title"}, label)
    rows_n = tag("div", {"class": "chart-note"}, f"mean over {whole(measurement.n)} test prompts")
    return tag(
        "div", {"class": "before-after", "role": "img", "aria-label": words}, caption, *rows, rows_n
    )


def bar_row(name: str, value: float, scale: Scale) -> Html:
    """One horizontal bar from zero to the value."""
    start, end = sorted((0.0, value if math.isfinite(value) else 0.0))
    fill = {
        "class": f"bar-fill bar-{name}",
        "x": scale.at(start),
        "width": scale.width(start, end),
        "height": BAR_HEIGHT,
        "rx": 2,
    }
    picture = tag(
        "svg",
        {"class": "chart-strip chart-bar", "height": BAR_HEIGHT},
        tag("rect", fill),
    )
    return tag(
        "div",
        {"class": "chart-row"},
        tag("span", {"class": "chart-label"}, name),
        picture,
        tag("span", {"class": "chart-value"}, fixed(value)),
    )


def histogram(edges: Sequence[float], counts: Sequence[int], unit: str) -> Html:
    """Bars of a histogram on a square-root scale of counts, with the axis of the values."""
    height = 90  # pixels
    largest = max([math.sqrt(max(each, 0)) for each in counts], default=0.0) or 1.0
    width = 100 / max(len(counts), 1)
    bars = []
    for index, each in enumerate(counts):
        tall = max(height * math.sqrt(max(each, 0)) / largest, 1.0 if each else 0.0)
        bars.append(
            tag(
                "rect",
                {
                    "class": "histogram-bar",
                    "x": f"{index * width + 0.08 * width:.2f}%",
                    "y": f"{height - tall:.1f}",
                    "width": f"{0.84 * width:.2f}%",
                    "height": f"{tall:.1f}",
                },
            )
        )
    low, high = (edges[0], edges[-1]) if len(edges) > 1 else (0.0, 1.0)
    words = f"Histogram of {whole(sum(counts))} values from {number(low)} to {number(high)} {unit}."
    svg = tag(
        "svg",
        {"class": "chart-strip", "height": height},
        *bars,
    )
    ends = tag(
        "div",
        {"class": "histogram-ends"},
        tag("span", {}, number(low)),
        tag("span", {}, unit),
        tag("span", {}, number(high)),
    )
    return tag("div", {"class": "histogram", "role": "img", "aria-label": words}, svg, ends)
