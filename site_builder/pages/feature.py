"""The page of a feature: its label as a tested predicate, where it is active, what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atlas.entries.feature import Feature, Predicate, Steering
from atlas.entries.feature_evidence import LABEL, STEERING, steering_claim
from site_builder.address import circuit_page, feature_page, list_page, model_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, fixed, listed, number, percent, spoken, whole
from site_builder.page import Page, Section
from site_builder.pages.badges import lifecycle_note, state_badge, verdict_badge
from site_builder.pages.claims import effect_title, figures, metric_in_words, metric_name, reasons
from site_builder.pages.credit import bibtex, curators_line, sources_list
from site_builder.pages.feature_activations import activations_section, tokens_section
from site_builder.pages.provenance import command_block, provenance_section
from site_builder.pages.run_yourself import feature_notebook, notebook_section
from site_builder.pictures.bars import before_after_bars
from site_builder.pictures.effect_chart import effect_chart
from site_builder.reading import feature_part
from site_builder.records import FeatureRecord, SiteRecords

SHOWN_USES = 40  # parts of circuits that a feature's page lists


def feature_entry(record: FeatureRecord, site: SiteRecords) -> Page:
    """The whole page."""
    feature = record.feature
    sections = [
        Section("Label", "label", label_section(record)),
        Section("Activations", "activations", activations_section(record, site)),
        Section("Promoted tokens", "tokens", tokens_section(record)),
        Section("Steering", "steering", steering_section(record, site)),
        Section("Circuits", "circuits", circuits_section(record, site)),
        Section("Run it yourself", "run", notebook_section(
            feature_notebook(record), record.notebook_file is not None, site)),
        Section("Provenance", "provenance", provenance_section(
            record.result, record.reproduction, f"atlas reproduce {feature.id}")),
        Section("Sources and citation", "sources", credit_section(record, site)),
    ]  # fmt: skip
    return Page(
        path=feature_page(feature.id),
        title=f"{feature.label} ({feature.short})",
        head=feature_head(record, site),
        sections=sections,
        description=feature.description or feature.label,
        edit=record.file,
    )


def feature_head(record: FeatureRecord, site: SiteRecords) -> Html:
    """Label, id, verdict, and the facts a reader asks for first."""
    feature = record.feature
    here = feature_page(feature.id)
    model = site.models.get(feature.model)
    name = model.name if model else feature.model
    target = relative(here, model_page(feature.model))
    facts: list[tuple[str, object]] = [
        ("Verdict", verdict_badge(record.verdict, large=True)),
        ("Feature", tag("span", {"class": "mono"}, str(feature.short))),
        ("Model", tag("a", {"href": target, "dir": "auto"}, name) if model else foreign(name)),
        ("Dictionary", foreign(feature.dictionary)),
        ("Layer", str(feature.layer)),
    ]
    if record.dashboard is not None:
        facts.append(("Active on", f"{percent(record.dashboard.density.share, 2)} of tokens"))
    if record.reproduction is not None:
        facts.append(("Latest run", state_badge(record.reproduction.state)))
    cells = [tag("div", {}, tag("dt", {}, term), tag("dd", {}, value)) for term, value in facts]
    trail = tag(
        "nav",
        {"class": "breadcrumb", "aria-label": "Breadcrumb", "data-pagefind-ignore": True},
        tag("a", {"href": relative(here, list_page("features"))}, "Features"),
        tag("span", {"class": "sep", "aria-hidden": "true"}, "/"),
        tag("a", {"href": relative(here, list_page("features", "model", feature.model))}, name),
    )
    description = (
        tag("p", {"class": "lead", "dir": "auto"}, feature.description)
        if feature.description
        else ""
    )
    return join(
        [
            trail,
            tag("h1", {"dir": "auto", "data-pagefind-meta": "title, kind:Feature"}, feature.label),
            lifecycle_note(feature.lifecycle, feature.reason, None),
            description,
            tag("dl", {"class": "entry-facts", "data-pagefind-ignore": True}, *cells),
        ]
    )


def label_section(record: FeatureRecord) -> Html:
    """The predicate that the label stands for, and how well activation tells it."""
    feature = record.feature
    if feature.predicate is None:
        return tag(
            "p", {"class": "empty"}, "This feature has a label but no predicate that could test it."
        )
    score = feature_part(record.result, "score")
    verdict = record.verdicts[LABEL]
    predicate = tag(
        "p", {}, "The label says: active exactly where ", predicate_in_words(feature.predicate), "."
    )
    body: list[Html] = [verdict_badge(verdict.word), predicate]
    if isinstance(score, Mapping):
        body.append(score_chart(feature, score))
    if feature.score:
        bound = f"At least {number(feature.score.minimum_f1)} was asked for"
        body.append(tag("p", {"class": "found-by"}, bound, ": ", foreign(feature.score.reason)))
    body.append(reasons(verdict))
    return tag("div", {"class": "claim"}, *body)


def predicate_in_words(predicate: Predicate) -> Html:
    """When the feature should be active."""
    if predicate.tokens:
        return join(["the token is ", *tokens_in_words(predicate.tokens)])
    latent = foreign(spoken(predicate.latent), "strong")
    return join(["the latent ", latent, " is ", foreign(listed(list(predicate.values)), "strong")])


def tokens_in_words(tokens: Sequence[str]) -> list[Html]:
    """Tokens as code, separated by commas."""
    return [
        join([", " if index else "", foreign(each, "code")]) for index, each in enumerate(tokens)
    ]


def score_chart(feature: Feature, score: Mapping[str, Any]) -> Html:
    """The label's held-out score and its shuffled control, as bars."""
    names = {"f1": "F1", "precision": "precision", "recall": "recall", "control_f1": "F1, shuffled"}
    rows = []
    for key, name in names.items():
        value = score.get(key)
        if isinstance(value, int | float):
            least = feature.score.minimum_f1 if key == "f1" and feature.score else None
            rows.append(score_row(name, float(value), least))
    return tag("div", {"class": "score-chart"}, *rows)


def score_row(name: str, value: float, least: float | None) -> Html:
    """One score as a bar from 0 to 1, with the value that it had to reach."""
    size = {"height": 14, "y": 3, "rx": 2}
    kind = "before" if name == "F1, shuffled" else "after"
    share = min(max(value, 0.0), 1.0)
    marks = [
        tag("rect", {"class": "bar-track", "width": "100%", **size}),
        tag("rect", {"class": f"bar-fill bar-{kind}", "width": f"{100 * share:.1f}%", **size}),
    ]
    if least is not None:
        x = f"{100 * least:.1f}%"
        line = {"class": "chart-threshold", "x1": x, "x2": x, "y1": 0, "y2": 20}
        marks.append(tag("line", line))
    frame = {"class": "chart-strip", "width": "100%", "height": 20, "aria-hidden": "true"}
    return tag(
        "div",
        {"class": "chart-row"},
        tag("span", {"class": "chart-label"}, name),
        tag("svg", frame, *marks),
        tag("span", {"class": "chart-value"}, fixed(value, 3)),
    )


def steering_section(record: FeatureRecord, site: SiteRecords) -> Html:
    """What changing this one feature does, on held-out prompts, against matched controls."""
    steering = record.feature.steering
    if steering is None:
        return tag("p", {"class": "empty"}, "No steering claim is made.")
    claim = steering_claim(record.feature)
    verdict = record.verdicts[STEERING]
    body: list[Html] = [
        verdict_badge(verdict.word),
        steering_in_words(record.feature, steering, site),
    ]
    if record.steering is not None:
        title = tag("div", {"class": "chart-title"}, effect_title(claim, record.steering))
        bars = before_after_bars(record.steering, metric_in_words(record.steering))
        chart = tag("div", {}, title, effect_chart(claim, record.steering))
        charts = tag("div", {"class": "claim-charts"}, bars, chart)
        body += [charts, figures(claim, record.steering)]
    body.append(reasons(verdict))
    return tag("div", {"class": "claim"}, *body)


def steering_in_words(feature: Feature, steering: Steering, site: SiteRecords) -> Html:
    """What is done to the feature, on which prompts, and what must follow."""
    action = {
        "ablate": "Switching it off",
        "scale": f"Multiplying it by {number(steering.factor or 0.0)}",
        "set": f"Setting it to {number(steering.value or 0.0)}",
        "add": f"Adding {number(steering.value or 0.0)} to it",
    }[steering.action]
    pairs = [f"{spoken(key)} is {value}" for key, value in steering.where.items()]
    where = f", where {listed(pairs)}" if pairs else ""
    prompts: Html = foreign(steering.prompts_of)
    if steering.prompts_of in site.circuits:
        other = site.circuits[steering.prompts_of].circuit
        address = relative(feature_page(feature.id), circuit_page(other.id))
        prompts = tag("a", {"href": address, "dir": "auto"}, other.title)
    must = (
        f"the {metric_name(steering.metric, steering.of)} must {steering.direction} "
        f"by more than {number(steering.threshold.value)}"
    )
    return tag("p", {}, action, " on the test prompts of ", prompts, where, ": ", must, ".")


def circuits_section(record: FeatureRecord, site: SiteRecords) -> Html:
    """The circuits that have the feature in one of their parts."""
    if not record.used_by:
        return tag("p", {"class": "empty"}, "No circuit of the atlas uses it yet.")
    here = feature_page(record.feature.id)
    items = []
    for circuit_id, part_id in record.used_by[:SHOWN_USES]:
        other = site.circuits[circuit_id]
        part = other.circuit.part(part_id)
        name = tag(
            "a",
            {"href": relative(here, circuit_page(circuit_id)), "dir": "auto"},
            other.circuit.title,
        )
        place = tag(
            "a",
            {"href": relative(here, f"{circuit_page(circuit_id)}#part-{part_id}"), "dir": "auto"},
            part.label,
        )
        items.append(
            tag("li", {}, name, ", in the part ", place, " ", verdict_badge(other.verdict))
        )
    words = f"Used by {count(len({each for each, _ in record.used_by}), 'circuit')}"
    words += "." if len(record.used_by) <= SHOWN_USES else f"; the first {SHOWN_USES} uses:"
    return join(
        [tag("p", {"class": "section-note"}, words), tag("ul", {"class": "source-list"}, *items)]
    )


def credit_section(record: FeatureRecord, site: SiteRecords) -> Html:
    """Sources, curators, citation."""
    feature = record.feature
    address = f"{site.site_url.rstrip('/')}/{feature_page(feature.id)}" if site.site_url else ""
    title = f"{feature.label} (feature {feature.id})"
    cite = bibtex(feature.id, title, feature.curators, feature.created, address)
    known = whole(len(feature.sources)) if feature.sources else ""
    return join(
        [
            sources_list(feature.sources, site) if known else "",
            curators_line(feature.curators, feature.licence, feature.created),
            tag("p", {}, "To cite this entry:"),
            command_block(cite),
        ]
    )
