"""What a claim's intervention did, beside its controls and the threshold it had to pass.

Rows share one axis: the circuit's effect with its interval, every draw of the controls as a dot,
and a vertical line (or band) for the threshold. Colours come from the style sheet by class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from atlas.entries.circuit import Claim
from atlas.entries.measurement import Control, Measurement
from site_builder.html import Html, join, tag
from site_builder.numbers import fixed, number, signed, whole
from site_builder.pictures.scale import Scale

ROW_HEIGHT = 34  # pixels
MIDDLE = ROW_HEIGHT / 2
JITTER = (0, -5, 4, -2, 6, -6, 2, -4, 5)  # pixels: spreads equal draws, the same at each build
BAR_HEIGHT = 16  # pixels


def effect_chart(claim: Claim, measurement: Measurement) -> Html:
    """The chart of one measured claim: effect, controls, threshold, axis."""
    scale = effect_scale(claim, measurement)
    bound = bound_marks(claim, scale)
    rows = [
        chart_row(
            "this circuit",
            join([bound, interval_marks(measurement, scale)]),
            signed(measurement.value),
            "effect",
        )
    ]
    for control, name in (
        (measurement.control, "matched control"),
        (measurement.wrong_target, "wrong target"),
    ):
        if control is not None:
            marks = join([bound, draw_marks(control, scale)])
            rows.append(chart_row(name, marks, signed(control.median), "control"))
    rows.append(axis_row(scale, claim))
    return tag(
        "div",
        {"class": "effect-chart", "role": "img", "aria-label": in_words(claim, measurement)},
        *rows,
    )


def effect_scale(claim: Claim, measurement: Measurement) -> Scale:
    """An axis that holds the effect, its interval, the controls' draws and the threshold."""
    shown = [measurement.value, *measurement.interval]
    for control in (measurement.control, measurement.wrong_target):
        shown += control.draws if control else ()
    if claim.threshold:
        shown.append(claim.threshold.value)
    if claim.margin:
        shown += [claim.margin.value, -claim.margin.value]
    return Scale.around(shown)


def in_words(claim: Claim, measurement: Measurement) -> str:
    """The chart as one sentence, for those who cannot see it."""
    low, high = measurement.interval
    words = [f"Effect {fixed(measurement.value)}, 95 % interval {fixed(low)} to {fixed(high)}"]
    if claim.threshold:
        words.append(f"threshold {number(claim.threshold.value)}")
    if claim.margin:
        words.append(f"equivalence margin plus or minus {number(claim.margin.value)}")
    if measurement.control:
        draws = measurement.control.draws
        words.append(
            f"{len(draws)} matched controls with median {fixed(measurement.control.median)}"
            + (f", from {fixed(min(draws))} to {fixed(max(draws))}" if draws else "")
        )
    return "; ".join(words) + "."


def chart_row(label: str, marks: Html, value: str, kind: str) -> Html:
    """One row: its name, its marks over the full width of the axis, its number."""
    picture = tag(
        "svg",
        {"class": "chart-strip", "width": "100%", "height": ROW_HEIGHT, "aria-hidden": "true"},
        marks,
    )
    return tag(
        "div",
        {"class": f"chart-row chart-row-{kind}"},
        tag("span", {"class": "chart-label"}, label),
        picture,
        tag("span", {"class": "chart-value"}, value),
    )


def bound_marks(claim: Claim, scale: Scale) -> Html:
    """Zero, and the threshold or the margin that the interval must respect."""
    marks = [vertical(scale.at(0.0), "chart-zero")]
    if claim.threshold is not None:
        value = claim.threshold.value
        marks.append(band(scale, value, scale.high, "chart-goal"))
        marks.append(vertical(scale.at(value), "chart-threshold"))
    elif claim.margin is not None:
        value = claim.margin.value
        marks.append(band(scale, -value, value, "chart-goal"))
        marks += [vertical(scale.at(edge), "chart-threshold") for edge in (-value, value)]
    return join(marks)


def interval_marks(measurement: Measurement, scale: Scale) -> Html:
    """The effect as a dot on the bar of its 95 % interval."""
    low, high = (edge if math.isfinite(edge) else 0.0 for edge in measurement.interval)
    bar = {
        "class": "chart-interval",
        "x": scale.at(low),
        "width": scale.width(low, high),
        "y": MIDDLE - 3,
        "height": 6,
        "rx": 3,
    }
    dot = {"class": "chart-effect", "cx": scale.at(measurement.value), "cy": MIDDLE, "r": 6}
    return join([tag("rect", bar), tag("circle", dot)])


def draw_marks(control: Control, scale: Scale) -> Html:
    """Each draw of a control as a dot, and their median as a tick."""
    dots = [
        tag(
            "circle",
            {
                "class": "chart-draw",
                "cx": scale.at(draw),
                "cy": MIDDLE + JITTER[index % len(JITTER)],
                "r": 3,
            },
        )
        for index, draw in enumerate(control.draws)
    ]
    median = scale.at(control.median)
    tick = {"class": "chart-median", "x1": median, "x2": median, "y1": 5, "y2": ROW_HEIGHT - 5}
    return join([*dots, tag("line", tick)])


def vertical(x: str, class_name: str) -> Html:
    """A line over the row's whole height."""
    return tag("line", {"class": class_name, "x1": x, "x2": x, "y1": 0, "y2": ROW_HEIGHT})


def band(scale: Scale, start: float, end: float, class_name: str) -> Html:
    """A shaded stretch of the axis over the row's whole height."""
    size = {"x": scale.at(start), "width": scale.width(start, end), "y": 0, "height": ROW_HEIGHT}
    return tag("rect", {"class": class_name, **size})


def axis_row(scale: Scale, claim: Claim) -> Html:
    """Round numbers under the rows."""
    marks = []
    for tick in scale.ticks():
        x = scale.at(tick)
        marks.append(tag("line", {"class": "chart-tick", "x1": x, "x2": x, "y1": 0, "y2": 5}))
        marks.append(
            tag(
                "text",
                {"class": "chart-tick-label", "x": x, "y": 18, "text-anchor": "middle"},
                number(tick),
            )
        )
    svg = {"class": "chart-strip chart-axis", "width": "100%", "height": 22, "aria-hidden": "true"}
    return tag(
        "div",
        {"class": "chart-row chart-row-axis"},
        tag("span", {"class": "chart-label"}),
        tag("svg", svg, *marks),
        tag("span", {"class": "chart-value"}),
    )


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
    track = {"class": "bar-track", "x": 0, "y": 4, "width": "100%", "height": BAR_HEIGHT, "rx": 2}
    fill = {
        "class": f"bar-fill bar-{name}",
        "x": scale.at(start),
        "y": 4,
        "width": scale.width(start, end),
        "height": BAR_HEIGHT,
        "rx": 2,
    }
    picture = tag(
        "svg",
        {"class": "chart-strip", "width": "100%", "height": BAR_HEIGHT + 8, "aria-hidden": "true"},
        tag("rect", track),
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
        {"class": "chart-strip", "width": "100%", "height": height, "aria-hidden": "true"},
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
