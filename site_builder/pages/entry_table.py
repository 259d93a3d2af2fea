"""Tables of circuits and of features, as lists and model pages show them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from site_builder.address import circuit_page, feature_page, model_page, relative
from site_builder.html import Html, foreign, tag
from site_builder.numbers import fixed, spoken
from site_builder.pages.badges import verdict_badge
from site_builder.reading import feature_part
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords
from site_builder.tables import table

SUMMARY_LENGTH = 150  # characters of a summary in a list


def circuit_table(
    records: Sequence[CircuitRecord], site: SiteRecords, here: str, without: Set[str] = frozenset()
) -> Html:
    """Circuits with verdict, domain and model."""
    titles = ["Circuit", "Verdict", "Domain", *([] if "model" in without else ["Model"])]
    rows = []
    for record in records:
        circuit = record.circuit
        target = relative(here, circuit_page(circuit.id))
        link = tag("a", {"href": target, "dir": "auto"}, circuit.title)
        summary = tag("div", {"class": "row-summary", "dir": "auto"}, shortened(circuit.summary))
        known = circuit.domain in site.domains
        domain = site.domains[circuit.domain].name if known else spoken(circuit.domain)
        cells = [
            tag("th", {"scope": "row"}, link, summary),
            tag("td", {}, verdict_badge(record.verdict)),
            tag("td", {}, domain),
        ]
        if "model" not in without:
            cells.append(tag("td", {}, model_name(circuit.model, site, here)))
        rows.append(tag("tr", {}, *cells))
    return table(titles, rows, class_name="entries")


def feature_table(records: Sequence[FeatureRecord], site: SiteRecords, here: str) -> Html:
    """Features with verdict, score and model."""
    rows = []
    for record in records:
        feature = record.feature
        target = relative(here, feature_page(feature.id))
        link = tag("a", {"href": target, "dir": "auto"}, feature.label)
        short = tag("span", {"class": "mono row-id"}, str(feature.short))
        circuits = len({circuit for circuit, _ in record.used_by})
        dictionary = foreign(feature.dictionary, "span", "reason-plain")
        cells = [
            tag("th", {"scope": "row"}, short, link),
            tag("td", {}, verdict_badge(record.verdict)),
            tag("td", {"class": "number", "data-column": "F1"}, score_of(record)),
            tag("td", {"class": "number", "data-column": "Circuits"}, str(circuits)),
            tag("td", {}, model_name(feature.model, site, here), " ", dictionary),
        ]
        rows.append(tag("tr", {}, *cells))
    titles = ("Feature", "Verdict", "F1", "Circuits", "Model and dictionary")
    return table(titles, rows, {2, 3}, class_name="entries")


def score_of(record: FeatureRecord) -> str:
    """A feature's held-out F1, or a dash."""
    score: Any = feature_part(record.result, "score")
    value = score.get("f1") if isinstance(score, dict) else None
    return fixed(float(value)) if isinstance(value, int | float) else "–"


def model_name(model: str, site: SiteRecords, here: str) -> Html:
    """A model's name, linked if it has an entry."""
    if model not in site.models:
        return foreign(model)
    return tag(
        "a",
        {"class": "quiet", "href": relative(here, model_page(model)), "dir": "auto"},
        site.models[model].name,
    )


def shortened(words: str, length: int = SUMMARY_LENGTH) -> str:
    """The beginning of a text, cut between words."""
    if len(words) <= length:
        return words
    return words[:length].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
