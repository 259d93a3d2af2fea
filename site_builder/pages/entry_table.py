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

SUMMARY_LENGTH = 150  # characters of a summary in a list


def circuit_table(
    records: Sequence[CircuitRecord], site: SiteRecords, here: str, without: Set[str] = frozenset()
) -> Html:
    """Circuits with verdict, domain, behaviour and model."""
    titles = ["Circuit", "Verdict", "Domain", "Model"]
    head = tag("tr", {}, *(tag("th", {"scope": "col"}, title) for title in titles if title.lower() not in without))
    rows = []
    for record in records:
        circuit = record.circuit
        link = tag("a", {"href": relative(here, circuit_page(circuit.id)), "dir": "auto"}, circuit.title)
        summary = tag("div", {"class": "row-summary", "dir": "auto"}, shortened(circuit.summary))
        domain = site.domains[circuit.domain].name if circuit.domain in site.domains else spoken(circuit.domain)
        cells = [tag("th", {"scope": "row"}, link, summary), tag("td", {}, verdict_badge(record.verdict)), tag("td", {}, domain)]
        if "model" not in without:
            cells.append(tag("td", {}, model_name(circuit.model, site, here)))
        rows.append(tag("tr", {}, *cells))
    return tag("div", {"class": "table-frame"}, tag("table", {"class": "entries"}, tag("thead", {}, head), tag("tbody", {}, *rows)))


def feature_table(records: Sequence[FeatureRecord], site: SiteRecords, here: str) -> Html:
    """Features with verdict, score and model."""
    titles = (("Feature", None), ("Verdict", None), ("F1", "number"), ("Circuits", "number"), ("Model and dictionary", None))
    head = tag("tr", {}, *(tag("th", {"scope": "col", "class": kind}, title) for title, kind in titles))
    rows = []
    for record in records:
        feature = record.feature
        link = tag("a", {"href": relative(here, feature_page(feature.id)), "dir": "auto"}, feature.label)
        short = tag("span", {"class": "mono row-id"}, str(feature.short))
        circuits = len({circuit for circuit, _ in record.used_by})
        rows.append(
            tag(
                "tr",
                {},
                tag("th", {"scope": "row"}, short, link),
                tag("td", {}, verdict_badge(record.verdict)),
                tag("td", {"class": "number"}, score_of(record)),
                tag("td", {"class": "number"}, str(circuits)),
                tag("td", {}, model_name(feature.model, site, here), " ", foreign(feature.dictionary, "span", "reason-plain")),
            )
        )
    return tag("div", {"class": "table-frame"}, tag("table", {"class": "entries"}, tag("thead", {}, head), tag("tbody", {}, *rows)))


def score_of(record: FeatureRecord) -> str:
    """A feature's held-out F1, or a dash."""
    score: Any = feature_part(record.result, "score")
    value = score.get("f1") if isinstance(score, dict) else None
    return fixed(float(value)) if isinstance(value, int | float) else "–"


def model_name(model: str, site: SiteRecords, here: str) -> Html:
    """A model's name, linked if it has an entry."""
    if model not in site.models:
        return foreign(model)
    return tag("a", {"class": "quiet", "href": relative(here, model_page(model)), "dir": "auto"}, site.models[model].name)


def shortened(words: str, length: int = SUMMARY_LENGTH) -> str:
    """The beginning of a text, cut between words."""
    if len(words) <= length:
        return words
    return words[:length].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
