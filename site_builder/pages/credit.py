"""Sources, curators, licence, related entries, and how to cite."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from atlas.entries.circuit import Circuit
from atlas.entries.credit import Curator, Source
from atlas.entries.resource import Resource
from site_builder.address import circuit_page, compare_link, relative
from site_builder.html import Html, foreign, join, link, tag
from site_builder.pages.badges import verdict_badge
from site_builder.records import SiteRecords

ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", re.ASCII)
RELATIONS = {"analogue_of": "Analogue of", "replicates": "Replicates", "describes": "Described in"}


def sources_list(sources: Sequence[Source], site: SiteRecords) -> Html:
    """The resources that an entry draws on."""
    if not sources:
        return Html("")
    items = []
    for source in sources:
        resource = site.resources.get(source.resource)
        relation = tag("span", {"class": "reason-plain"}, f"{RELATIONS[source.relation]}: ")
        what = resource_reference(resource) if resource else foreign(source.resource)
        where = join([", ", foreign(source.where)]) if source.where else Html("")
        items.append(tag("li", {}, relation, what, where))
    return tag("ul", {"class": "source-list"}, *items)


def resource_reference(resource: Resource) -> Html:
    """Authors, title and year, linked to where it can be read."""
    address = resource_address(resource)
    title = foreign(resource.title)
    named = (
        f"{resource.authors[0]} et al."
        if len(resource.authors) > 2
        else " and ".join(resource.authors)
    )
    year = f" ({resource.year})" if resource.year else ""
    return join(
        [foreign(named + (", " if named else "")), link(address, title) if address else title, year]
    )


def resource_address(resource: Resource) -> str:
    """The first address that the resource's entry gives."""
    if resource.url:
        return resource.url
    if resource.arxiv:
        return f"https://arxiv.org/abs/{resource.arxiv}"
    return f"https://doi.org/{resource.doi}" if resource.doi else ""


def curators_line(curators: Sequence[Curator], licence: str, created: str) -> Html:
    """Who answers for the entry, under which licence, since when."""
    names = join([curator_name(curator) for curator in curators], ", ")
    return tag("p", {}, "Curated by ", names, f". Created {created}. Licence: {licence}.")


def curator_name(curator: Curator) -> Html:
    """A curator, linked to the ORCID if there is one."""
    name = foreign(curator.name)
    if ORCID.fullmatch(curator.orcid):
        return link(f"https://orcid.org/{curator.orcid}", name)
    return name


def related_list(circuit: Circuit, site: SiteRecords) -> Html:
    """Related circuits and the public-model entries of which this one is an analogue."""
    here = circuit_page(circuit.id)
    drawn_on = {source.resource for source in circuit.sources}
    items = []
    for title, ids in (("Related", circuit.related), ("Analogue of", circuit.analogue_of)):
        for each in ids:
            if each in site.circuits:
                record = site.circuits[each]
                name = tag(
                    "a",
                    {"href": relative(here, circuit_page(each)), "dir": "auto"},
                    record.circuit.title,
                )
                beside = relative(here, compare_link(circuit.id, each))
                way = tag("a", {"href": beside}, "compare")
                badge = verdict_badge(record.verdict)
                items.append(tag("li", {}, f"{title}: ", name, " ", badge, " ", way))
            elif each in site.resources and each not in drawn_on:
                items.append(tag("li", {}, f"{title}: ", resource_reference(site.resources[each])))
    return tag("ul", {"class": "source-list"}, *items) if items else Html("")


def bibtex(key: str, title: str, curators: Sequence[Curator], created: str, address: str) -> str:
    """An entry's BibTeX record; braces and backslashes in its fields are made harmless."""
    fields = {
        "author": " and ".join(plain_tex(curator.name) for curator in curators)
        or "{The atlas's contributors}",
        "title": f"{{{plain_tex(title)}}}",
        "year": created[:4],
        "howpublished": "LLM Circuits Atlas, version 0.1.0",
        "note": f"Entry {plain_tex(key)}, created {plain_tex(created)}",
        "url": plain_tex(address),
    }
    name = re.sub(r"[^a-z0-9]+", "-", ascii_form(key).lower()).strip("-") or "entry"
    lines = [f"  {field:<12} = {{{value}}}," for field, value in fields.items() if value]
    return "\n".join([f"@misc{{atlas-{name},", *lines, "}"])


def plain_tex(value: str) -> str:
    """Text without the characters that TeX acts on."""
    return re.sub(r"[{}\\%#&$~^]", "", " ".join(value.split()))


def ascii_form(value: str) -> str:
    """Letters without their accents, for a citation key."""
    return unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
