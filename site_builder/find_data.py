"""`find.json`: the titles of all entries, for the search box: small enough to load on focus.

Rows instead of objects, and pages follow from ids, so that 5,000 circuits stay near 80 KB packed.
"""

from __future__ import annotations

from typing import Any

from site_builder.pages.lists import circuits_in_order, value_name
from site_builder.records import SiteRecords

FIND_FILE = "find.json"


def find_data(site: SiteRecords) -> dict[str, Any]:
    """Titles and facets of circuits, curated features, models and resources."""
    circuits = [
        [
            record.circuit.id,
            record.circuit.title,
            record.verdict,
            record.circuit.model,
            record.circuit.domain,
            record.circuit.behaviour,
        ]
        for record in circuits_in_order(site)
    ]
    features = [
        [record.feature.id, record.feature.label, record.verdict, record.feature.model]
        for record in site.features.values()
    ]
    names = {
        facet: {str(row[at]): value_name(site, facet, str(row[at])) for row in circuits}
        for facet, at in (("domain", 4), ("behaviour", 5))
    }
    models = {str(row[3]) for row in (*circuits, *features)} | set(site.models)
    names["model"] = {model: value_name(site, "model", model) for model in sorted(models)}
    return {
        "version": 1,
        "names": names,
        "circuits": circuits,
        "features": features,
        "models": [[model.id, model.name] for model in site.models.values()],
        "resources": [
            [each.id, each.title, each.kind, each.year or "", ", ".join(each.authors)]
            for each in site.resources.values()
        ],
        "feature_index": bool(site.dashboards),
    }
