"""`catalog.json`: what the lists filter by, small enough to load whole."""

from __future__ import annotations

from typing import Any

from site_builder.address import circuit_page, feature_page
from site_builder.pages.entry_table import score_of, shortened
from site_builder.pages.lists import CIRCUIT_FACETS, FEATURE_FACETS, circuits_in_order, value_name
from site_builder.records import SiteRecords

SUMMARY_LENGTH = 110  # characters; 5,000 circuits stay within a few hundred KB compressed


def catalog(site: SiteRecords) -> dict[str, Any]:
    """Both kinds of entries with their facets, and the names of the facets' values."""
    circuits: list[dict[str, Any]] = [
        {
            "id": record.circuit.id,
            "title": record.circuit.title,
            "summary": shortened(record.circuit.summary, SUMMARY_LENGTH),
            "page": circuit_page(record.circuit.id),
            **{facet: value_of(record) for facet, value_of in CIRCUIT_FACETS.items()},
        }
        for record in circuits_in_order(site)
    ]
    features: list[dict[str, Any]] = [
        {
            "id": str(record.feature.short),
            "title": record.feature.label,
            "page": feature_page(record.feature.id),
            "dictionary": record.feature.dictionary,
            "f1": score_of(record),
            "circuits": len({circuit for circuit, _ in record.used_by}),
            **{facet: value_of(record) for facet, value_of in FEATURE_FACETS.items()},
        }
        for record in site.features.values()
    ]
    names: dict[str, dict[str, str]] = {}
    for entry in (*circuits, *features):
        for facet in CIRCUIT_FACETS:
            if facet in entry:
                value = str(entry[facet])
                names.setdefault(facet, {})[value] = value_name(site, facet, value)
    return {"version": 1, "names": names, "circuits": circuits, "features": features}
