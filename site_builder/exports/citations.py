"""Citations of an entry as files: BibTeX, and CSL-JSON for reference managers."""

from __future__ import annotations

from typing import Any

from site_builder.exports.published import NAME, Published, absolute
from site_builder.pages.credit import bibtex
from site_builder.records import SiteRecords

BIBTEX_FILE, CSL_FILE = "citation.bib", "citation.json"


def bibtex_text(each: Published, site: SiteRecords) -> str:
    """The BibTeX record that the entry's page shows."""
    address = absolute(site, each.page)
    created = each.entry.created
    return bibtex(each.id, each.cited_title, each.curators, created, address) + "\n"


def csl_items(each: Published, site: SiteRecords) -> list[dict[str, Any]]:
    """The same as CSL-JSON 1.0: a list of one item.

    Names are literal: nobody can tell from a name alone which part of it is the family's.
    """
    day = each.created
    item: dict[str, Any] = {
        "id": f"atlas-{each.file_name}",
        "type": "dataset",
        "title": each.cited_title,
        "author": [{"literal": curator.name} for curator in each.curators] or [{"literal": NAME}],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "container-title": NAME,
        "number": each.id,
    }
    address = absolute(site, each.page)
    return [item | ({"URL": address} if address else {})]
