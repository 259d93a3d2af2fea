"""The list of resources: papers, tools and data sets, with the circuits that draw on them."""

from __future__ import annotations

from atlas.entries.resource import Resource
from site_builder.address import circuit_page, list_page, relative
from site_builder.html import Html, foreign, join, link, tag
from site_builder.numbers import count
from site_builder.page import Page
from site_builder.pages.credit import resource_address
from site_builder.records import SiteRecords

HERE = list_page("resources")
SHOWN_USERS = 12  # circuits named with a resource; a well-known paper may have thousands


def resources_list(site: SiteRecords) -> Page:
    """Every resource, by kind and then by title."""
    words = "Papers, tools and data sets that entries draw on."
    ordered = sorted(site.resources.values(), key=lambda each: (each.kind, each.title, each.id))
    users = users_of(site)
    body = [
        tag("h1", {}, "Resources"),
        tag("p", {"class": "lead"}, words),
        tag("p", {"class": "list-count"}, count(len(ordered), "resource")),
        *(resource_block(each, users.get(each.id, [])) for each in ordered),
    ]
    return Page(path=HERE, title="Resources", head=join(body), layout="list")


def users_of(site: SiteRecords) -> dict[str, list[Html]]:
    """Links to the circuits that name each resource."""
    found: dict[str, list[Html]] = {}
    for record in site.circuits.values():
        circuit = record.circuit
        for resource in dict.fromkeys(source.resource for source in circuit.sources):
            target = {"href": relative(HERE, circuit_page(circuit.id)), "dir": "auto"}
            found.setdefault(resource, []).append(tag("a", target, circuit.title))
    return found


def resource_block(resource: Resource, users: list[Html]) -> Html:
    """One resource with an anchor of its own."""
    title, address = foreign(resource.title), resource_address(resource)
    facts = [resource.kind, *([str(resource.year)] if resource.year else [])]
    facts += [", ".join(resource.authors)] if resource.authors else []
    named = join(users[:SHOWN_USERS], " · ")
    others = len(users) - SHOWN_USERS
    more = f" and {count(others, 'more circuit')}" if others > 0 else ""
    used = [tag("p", {"class": "part-facts"}, "Circuits: ", named, more)] if users else []
    return tag(
        "section",
        {"class": "resource", "id": f"resource-{resource.id}"},
        tag("h2", {}, link(address, title) if address else title),
        tag("p", {"class": "part-facts"}, foreign(" · ".join(facts))),
        tag("p", {"dir": "auto"}, resource.summary),
        *used,
    )
