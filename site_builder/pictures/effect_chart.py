"""What a claim's intervention did, beside its controls and the threshold it had to pass.

Rows share one axis: the circuit's effect with its interval, every draw of the controls as a dot,
and a vertical line (or band) for the threshold. Colours come from the style sheet by class.
"""

from __future__ import annotations

import math

from atlas.entries.circuit import Claim
from atlas.entries.measurement import Control, Measurement
from site_builder.html import Html, join, tag
from site_builder.numbers import fixed, number, signed
from site_builder.pictures.scale import Scale

ROW_HEIGHT = 34  # pixels, as in the style sheet
AXIS_HEIGHT = 22  # pixels
MIDDLE = ROW_HEIGHT / 2
JITTER = (0, -5, 4, -2, 6, -6, 2, -4, 5)  # pixels: spreads equal draws, the same at each build
LAYERS_OF_DOTS = 3


def effect_chart(claim: Claim, measurement: Measurement) -> Html:
    """The chart of one measured claim: effect, controls, threshold, axis."""
    scale = effect_scale(claim, measurement)
    rows = [("this circuit", measurement.value, interval_marks(measurement, scale))]
    for control, name in (
        (measurement.control, "matched control"),
        (measurement.wrong_target, "wrong target"),
    ):
        if control is not None:
            rows.append((name, control.median, draw_marks(control, scale)))
    height = ROW_HEIGHT * len(rows)
    marks = [bound_marks(claim, scale, height), axis_marks(scale, height)]
    marks += [
        tag("g", {"transform": f"translate(0 {ROW_HEIGHT * at})" if at else None}, drawn)
        for at, (_, _, drawn) in enumerate(rows)
    ]
    size = {"class": "chart-strip", "height": height + AXIS_HEIGHT}
    return tag(
        "div",
        {"class": "effect-chart", "role": "img", "aria-label": in_words(claim, measurement)},
        tag("div", {"class": "chart-labels"}, *(tag("span", {}, name) for name, _, _ in rows)),
        tag("svg", size, *marks),
        tag(
            "div",
            {"class": "chart-values"},
            *(tag("span", {}, signed(value)) for _, value, _ in rows),
        ),
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


def bound_marks(claim: Claim, scale: Scale, height: int) -> Html:
    """Zero, and the threshold or the margin that the interval must respect."""
    marks = []
    if claim.threshold is not None:
        value = claim.threshold.value
        marks.append(band(scale, value, scale.high, height))
        marks.append(vertical(scale.at(value), "chart-threshold", height))
    elif claim.margin is not None:
        value = claim.margin.value
        marks.append(band(scale, -value, value, height))
        marks += [vertical(scale.at(edge), "chart-threshold", height) for edge in (-value, value)]
    return join([*marks, vertical(scale.at(0.0), "chart-zero", height)])


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
    """Each draw of a control as a dot, and their median as a tick.

    Dots are strokes without length on a picture stretched to the chart's width, because a path
    cannot have percentages; three paths, so that dots on one place add up to a darker one.
    """
    paths: list[list[str]] = [[] for _ in range(LAYERS_OF_DOTS)]
    for index, draw in enumerate(control.draws):
        x = 1000 * scale.share(draw)
        y = MIDDLE + JITTER[index % len(JITTER)]
        paths[index % LAYERS_OF_DOTS].append(f"M{x:.0f} {y:.0f}h0")
    dots = [tag("path", {"class": "chart-draws", "d": "".join(path)}) for path in paths if path]
    stretched = {
        "width": "100%",
        "height": ROW_HEIGHT,
        "viewBox": f"0 0 1000 {ROW_HEIGHT}",
        "preserveAspectRatio": "none",
    }
    median = scale.at(control.median)
    tick = {"class": "chart-median", "x1": median, "x2": median, "y1": 5, "y2": ROW_HEIGHT - 5}
    return join([tag("svg", stretched, *dots), tag("line", tick)])


def vertical(x: str, class_name: str, height: int) -> Html:
    """A line over the height of all rows."""
    return tag("line", {"class": class_name, "x1": x, "x2": x, "y2": height})


def band(scale: Scale, start: float, end: float, height: int) -> Html:
    """Where the interval has to lie, shaded over the height of all rows."""
    size = {"x": scale.at(start), "width": scale.width(start, end), "height": height}
    return tag("rect", {"class": "chart-goal", **size})


def axis_marks(scale: Scale, height: int) -> Html:
    """Round numbers under the rows."""
    marks = []
    for tick in scale.ticks():
        x = scale.at(tick)
        marks.append(tag("line", {"x1": x, "x2": x, "y2": 5}))
        marks.append(tag("text", {"x": x, "y": 18}, number(tick)))
    return tag("g", {"class": "chart-axis", "transform": f"translate(0 {height})"}, *marks)
