"""A circuit's claims: what each says, what was measured, and the verdict that follows."""

from __future__ import annotations

from atlas.entries.circuit import Circuit, Claim
from atlas.entries.evidence import Verdict
from atlas.entries.measurement import Control, Measurement
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, fixed, number, signed, spoken, whole
from site_builder.pages.badges import verdict_badge
from site_builder.pages.retrained import retrained_words
from site_builder.pictures.bars import before_after_bars
from site_builder.pictures.effect_chart import effect_chart
from site_builder.records import CircuitRecord


def claims_section(record: CircuitRecord) -> Html:
    """Every claim as a card, in the order of the entry."""
    circuit = record.circuit
    if not circuit.claims:
        return tag("p", {"class": "empty"}, "This entry makes no claims yet.")
    retrained = retrained_words(record)
    cards = [
        claim_card(
            circuit, claim, record.verdicts[claim.id], record.measurements.get(claim.id),
            retrained.get(claim.id, ""),
        )
        for claim in circuit.claims
    ]  # fmt: skip
    return join([tag("p", {"class": "section-note"}, claims_in_words(record)), *cards])


def claims_in_words(record: CircuitRecord) -> str:
    """How many claims came out how, as a sentence."""
    words = [verdict_word(verdict) for verdict in record.verdicts.values()]
    counted = [(word, words.count(word)) for word in dict.fromkeys(words)]
    parts = [f"{whole(many)} {spoken(word)}" for word, many in counted]
    total = count(len(words), "claim")
    return (
        f"{total}: {', '.join(parts)}. Verdicts are derived from the "
        "measurements below, never typed."
    )


def verdict_word(verdict: Verdict) -> str:
    """The word to show: a demonstration is named as such and not judged."""
    return "demonstration" if verdict.demonstration else verdict.word


def claim_card(
    circuit: Circuit,
    claim: Claim,
    verdict: Verdict,
    measurement: Measurement | None,
    retrained: str = "",
) -> Html:
    """One claim: verdict, statement, charts, and the figures in words.

    `retrained` says in how many retrained dictionaries and models it is supported.
    """
    word = verdict_word(verdict)
    head = tag(
        "header",
        {"class": "claim-head"},
        verdict_badge(word),
        tag("h3", {"class": "claim-statement", "dir": "auto"}, claim.statement),
    )
    body = [head, tag("p", {"class": "claim-test"}, test_in_words(circuit, claim))]
    if measurement is not None:
        label = metric_in_words(measurement)
        charts = tag(
            "div",
            {"class": "claim-charts"},
            before_after_bars(measurement, label),
            tag("div", {}, tag("div", {"class": "chart-title"}, effect_title(claim, measurement)),
                effect_chart(claim, measurement)),
        )  # fmt: skip
        body += [charts, figures(claim, measurement, retrained)]
    body.append(reasons(verdict))
    return tag(
        "article",
        {"class": f"claim claim-{word.replace('_', '-')}", "id": f"claim-{claim.id}"},
        *body,
    )


def test_in_words(circuit: Circuit, claim: Claim) -> Html:
    """Which intervention tests the claim, and what must happen."""
    intervention = circuit.intervention(claim.intervention)
    wanted: list[object] = [
        "Test: ",
        tag("a", {"href": f"#intervention-{intervention.id}", "dir": "auto"}, intervention.title),
        "; the ",
        metric_name(claim.metric, claim.of),
    ]
    if claim.kind == "no_effect" and claim.margin:
        wanted.append(f" must stay within ±{number(claim.margin.value)}.")
    elif claim.threshold:
        wanted.append(f" must {claim.direction} by more than {number(claim.threshold.value)}.")
    else:
        wanted.append(" is shown.")
    return join(wanted)


def metric_name(metric: str, of: str) -> str:
    """A metric and the token it is about, as words."""
    token = {
        "target": "the expected answer",
        "foil": "the foil",
        "partner_target": "the partner's answer",
    }[of]
    if metric == "probability":
        return f"probability of {token}"
    if metric == "logit_difference":
        against = "the foil" if of == "target" else "the expected answer"
        return f"logit difference between {token} and {against}"
    if metric == "top1":
        return f"share of prompts whose most likely next token is {token}"
    if metric == "generated":
        return f"share of continuations that contain {token}"
    return f"{spoken(metric)} of {token}"


def metric_in_words(measurement: Measurement) -> str:
    """The measured metric, with a capital, as a chart's title."""
    name = metric_name(measurement.metric, measurement.of)
    return name[0].upper() + name[1:]


def effect_title(claim: Claim, measurement: Measurement) -> str:
    """The title of the effect chart, with its unit and direction."""
    unit = {"probability": "probability", "logits": "logits"}.get(
        measurement.unit, measurement.unit
    )
    towards = f", counted towards “{claim.direction}”" if claim.direction == "decrease" else ""
    return f"Effect ({unit}{towards})"


def figures(claim: Claim, measurement: Measurement, retrained: str = "") -> Html:
    """The measured numbers as a list of terms."""
    low, high = measurement.interval
    rows: list[tuple[str, object]] = [
        ("effect", f"{signed(measurement.value)}, 95 % interval {fixed(low)} to {fixed(high)}")
    ]
    if claim.threshold:
        rows.append(
            ("threshold", with_reason(f"> {number(claim.threshold.value)}", claim.threshold.reason))
        )
    if claim.margin:
        rows.append(("margin", with_reason(f"±{number(claim.margin.value)}", claim.margin.reason)))
    for name, control in (
        ("matched control", measurement.control),
        ("wrong target", measurement.wrong_target),
    ):
        if control is not None:
            rows.append((name, control_in_words(control)))
    left_out = measurement.unmatched_rows
    rows.append(
        (
            "prompts",
            (
                f"{whole(measurement.n)} held-out test prompts, "
                f"{spoken(measurement.mode)} mode, real model"
            )
            + (f"; {whole(left_out)} more had no matched control" if left_out else ""),
        )
    )
    if retrained:
        link = tag("a", {"href": "#retrained"}, retrained)
        rows.append(("trained again", link))
    if claim.reported_value:
        reported = claim.reported_value
        rows.append(
            ("reported", with_reason(number(reported.value), f"by the source, {reported.where}"))
        )
    cells = [tag("div", {}, tag("dt", {}, name), tag("dd", {}, value)) for name, value in rows]
    return tag("dl", {"class": "figures"}, *cells)


def with_reason(value: str, reason: str) -> Html:
    """A number of ours with its reason beside it."""
    return join([f"{value} ", foreign(reason, "span", "reason")])


def control_in_words(control: Control) -> str:
    """A control's draws, median, p value and the interval of the difference."""
    low, high = control.difference_interval
    every = ", all there are" if control.exhaustive else ""
    return (
        f"median {fixed(control.median)} over {count(len(control.draws), 'draw')}{every}; "
        f"p = {number(control.p_value)}; effect minus control {fixed(low)} to {fixed(high)}"
    )


def reasons(verdict: Verdict) -> Html:
    """Why the verdict is what it is; open where it is not simply supported."""
    if not verdict.conditions:
        return Html("")
    items = [
        tag(
            "li",
            {"class": None if condition.holds else "fails"},
            condition.words,
        )
        for condition in verdict.conditions
    ]
    return tag(
        "details",
        {"class": "reasons", "open": bool(verdict.failed) and not verdict.demonstration},
        tag("summary", {}, f"Why {spoken(verdict_word(verdict))}"),
        tag("ul", {}, *items),
    )
