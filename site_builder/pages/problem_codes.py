"""The guide's page of the codes that `atlas check` prints, one row each with a link of its own."""

from __future__ import annotations

from collections.abc import Mapping

from atlas.entries.rules.table import all_codes, severity_of
from site_builder.address import PROBLEM_CODES
from site_builder.html import Html, join, tag
from site_builder.page import Page, Section
from site_builder.tables import table

GROUPS = {
    "E0": "Reading a file",
    "E1": "Every entry: its shape, its place, what it names",
    "E2": "Circuits and their prompts",
    "E3": "Features",
    "E4": "Models",
    "E5": "Resources",
    "E6": "Vocabularies",
    "E7": "Redirects",
}


def problem_codes() -> Page:
    """Every code with what it demands or complains of."""
    codes = all_codes()
    lead = (
        "atlas check prints every problem as file:line:column, a code, the field, what was "
        "expected, what was found and what to do. The codes keep their meaning between versions, "
        "so that they can be searched for and referred to. An error keeps an entry out; a warning "
        "should be put right (atlas check --strict refuses it); information is only worth knowing."
    )
    sections = [
        Section(title, prefix.lower(), _table({c: codes[c] for c in codes if c[:2] == prefix}))
        for prefix, title in GROUPS.items()
    ]
    head = [tag("h1", {}, "Problems that a check finds"), tag("p", {"class": "lead"}, lead)]
    return Page(PROBLEM_CODES, "Problems that a check finds", join(head), sections)


def _table(codes: Mapping[str, str]) -> Html:
    rows = [
        tag(
            "tr",
            {"id": code},
            tag("th", {"scope": "row"}, tag("a", {"href": f"#{code}"}, code)),
            tag("td", {}, severity_of(code)),
            tag("td", {}, demand),
        )
        for code, demand in sorted(codes.items())
    ]
    titles = ("Code", "Weight", "What is asked for, or what is wrong")
    return table(titles, rows, class_name="codes")
