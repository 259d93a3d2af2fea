"""Badges say verdict and state in words, by an icon and by a colour that can be read."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from atlas.entries.evidence import VERDICTS
from atlas.entries.freshness import STATES, Reproduction
from site_builder.exports.badge import (
    COLOURS,
    LEFT,
    UNSETTLED,
    badge_svg,
    colour,
    message,
    shields_values,
    snippet,
)
from site_builder.exports.published import Published
from site_builder.numbers import spoken
from site_builder.reading import read_site
from tests.site_builder.built_site import built_site, example_library
from tests.site_builder.published_site import ADDRESS, published_site

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def site():
    return read_site(example_library(), None, {})


def entry(site, verdict: str, state: str) -> Published:
    record = site.circuits["microworld-states-and-capitals"]
    return Published(replace(record, verdict=verdict, reproduction=Reproduction(state)))


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("state", STATES)
def test_each_pair_of_verdict_and_state_is_told_in_words_and_by_an_icon(site, verdict, state):
    each = entry(site, verdict, state)
    drawn = ElementTree.fromstring(badge_svg(each, site))
    words = "".join(drawn.itertext())
    assert spoken(verdict) in words and spoken(state) in words
    assert spoken(verdict) in drawn.get("aria-label")
    assert drawn.findall(f"{SVG}g/{SVG}path")
    values = shields_values(each, site)
    assert values["schemaVersion"] == 1
    assert values["message"] == message(each, site)
    assert values["label"] and int(values["color"], 16) >= 0


def test_verdicts_can_be_told_apart_without_colour(site):
    icons = set()
    for verdict in VERDICTS:
        drawn = ElementTree.fromstring(badge_svg(entry(site, verdict, "reproduced"), site))
        icons.add(tuple(path.get("d") for path in drawn.findall(f"{SVG}g/{SVG}path")))
    assert len(icons) == len(VERDICTS)


def test_a_run_that_left_the_accepted_measurement_changes_the_colour(site):
    assert colour(entry(site, "supported", "reproduced"), site) == COLOURS["supported"]
    for state in ("drifted", "failing"):
        assert colour(entry(site, "supported", state), site) == UNSETTLED


def luminance(colour: str) -> float:
    """Of sRGB, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_white_text_can_be_read_on_every_colour():
    for each in {*COLOURS.values(), LEFT, UNSETTLED}:
        assert 1.05 / (luminance(each) + 0.05) >= 4.5, each


def test_every_entry_has_a_badge_and_at_most_ten_files_beside_the_page():
    for site_of in (built_site, published_site):
        folder = site_of().folder
        pages = [folder / each["page"] for each in catalog(folder)]
        assert len(pages) == 17
        for page in pages:
            files = {path.name for path in page.parent.iterdir() if path.is_file()}
            assert {"badge.svg", "badge.json", "citation.bib", "citation.json"} <= files
            assert ("card.png" in files) == (site_of is published_site)
            figures = {name for name in files if name.startswith("figure-")}
            of_page = {"index.html", "graph.json", "graph.bin"}
            assert len(files - figures - of_page) <= 10, files


def catalog(folder):
    found = json.loads((folder / "catalog.json").read_text("utf-8"))
    return [*found["circuits"], *found["features"]]


def test_the_snippet_needs_an_address_and_has_whole_ones(site):
    each = entry(site, "supported", "reproduced")
    assert snippet(each, site) == ""
    written = snippet(each, replace(site, site_url=ADDRESS))
    assert written.count(ADDRESS) == 2
    page = (published_site().folder / each.page).read_text("utf-8")
    assert written in page
