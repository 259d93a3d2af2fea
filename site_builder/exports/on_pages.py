"""What pages say to other programs: linked data and a card in the head, files at an entry's end."""

from __future__ import annotations

from dataclasses import replace

from site_builder.address import explorer_link, relative
from site_builder.exports.api import api_file
from site_builder.exports.badge import (
    HEIGHT,
    LABEL,
    SHIELDS_FILE,
    SVG_FILE,
    badge_width,
    message,
    snippet,
)
from site_builder.exports.card_files import card_address
from site_builder.exports.citations import BIBTEX_FILE, CSL_FILE
from site_builder.exports.linked_data import entry_data, home_data, notebook_data, script_text
from site_builder.exports.published import Published
from site_builder.html import Html, join, tag
from site_builder.page import Page, Section
from site_builder.pages.provenance import command_block
from site_builder.records import CircuitRecord, SiteRecords


def with_catalog(page: Page, site: SiteRecords) -> Page:
    """The first page with what it says of the whole atlas."""
    return replace(page, linked_data=script_text(home_data(site)))


def with_notebook(page: Page, each: Published, site: SiteRecords) -> Page:
    """The page of an entry's notebook with what it says of the notebook."""
    data = script_text(notebook_data(each, site))
    return replace(page, linked_data=data, card=card_address(site, each.folder))


def with_exports(page: Page, each: Published, site: SiteRecords) -> Page:
    """The page of an entry with its linked data and a last section of files."""
    section = Section("Data and badge", "data", data_section(each, site))
    data = script_text(entry_data(each, site))
    card = card_address(site, each.folder)
    return replace(page, sections=[*page.sections, section], linked_data=data, card=card)


def data_section(each: Published, site: SiteRecords) -> Html:
    """The entry's files, each with what it is for, and its badge with what to write for it."""
    return join([files_list(each), badge_block(each, site)])


def badge_block(each: Published, site: SiteRecords) -> Html:
    """The badge as it looks, and, where the address is known, Markdown that shows it elsewhere."""
    words = message(each, site)
    size = {"width": badge_width(words), "height": HEIGHT}
    picture = tag("img", {"src": SVG_FILE, "alt": f"{LABEL}: {words}", **size})
    written = snippet(each, site)
    use = [tag("p", {}, "To show it in a README:"), command_block(written)] if written else []
    return join([tag("p", {}, picture), *use])


def files_list(each: Published) -> Html:
    """Links to the entry's files, each with what it is for."""
    data = relative(each.page, api_file(each.kind, each.id))
    name = each.file_name
    bib = saved(BIBTEX_FILE, "BibTeX", f"{name}.bib")
    csl = saved(CSL_FILE, "CSL-JSON", f"{name}.json")
    rows = [
        tag("li", {}, saved(data, "JSON"), ": the whole entry"),
        tag("li", {}, bib, ", ", csl, ": the citation"),
        tag("li", {}, tag("a", {"href": SHIELDS_FILE}, "Badge"), ": for shields.io"),
    ]
    if isinstance(each.record, CircuitRecord) and each.record.graph_file is not None:
        way = f"{relative(each.page, explorer_link(each.id))}#tab=export"
        words = ": for Neuronpedia and circuit-tracer, GraphML, tables, pictures"
        rows.append(tag("li", {}, tag("a", {"href": way}, "Graph"), words))
    return tag("ul", {"class": "source-list"}, *rows)


def saved(target: str, title: str, name: str | bool = True) -> Html:
    """A link that saves a file, under a name of its own where one is given."""
    return tag("a", {"href": target, "download": name}, title)
