"""Curators' Markdown as safe HTML: no raw HTML, no images, links only to the web and to entries."""

from __future__ import annotations

import re

import markdown

from atlas.entries.circuit import Circuit
from site_builder.address import circuit_page, feature_page, relative
from site_builder.html import Html
from site_builder.records import SiteRecords
from site_builder.sanitise import sanitise

ENTRY_LINK = re.compile(r"\]\((circuit|feature):([A-Za-z0-9/_-]+)\)")


def prose(source: str, circuit: Circuit, site: SiteRecords) -> Html:
    """A story's Markdown as HTML; `[…](circuit:id)` leads to an entry's page."""
    if not source.strip():
        return Html("")
    here = circuit_page(circuit.id)

    def target(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        if kind == "circuit" and name in site.circuits:
            return f"]({relative(here, circuit_page(name))})"
        full = name if "/" in name else f"{circuit.model}/{circuit.dictionary}/{name}"
        if kind == "feature" and full in site.features:
            return f"]({relative(here, feature_page(full))})"
        return "](#)"

    renderer = markdown.Markdown(extensions=["tables", "sane_lists"], output_format="html")
    renderer.preprocessors.deregister("html_block")
    renderer.inlinePatterns.deregister("html")
    renderer.inlinePatterns.deregister("entity")
    return sanitise(renderer.convert(ENTRY_LINK.sub(target, source)), heading_shift=2)
