"""Citations as files say the same as the page, and what is hostile stays harmless."""

import json
import re
from dataclasses import replace

import pytest

from site_builder.exports.citations import bibtex_text, csl_items
from site_builder.exports.published import published
from site_builder.html import text
from site_builder.reading import read_site
from tests.site_builder.built_site import built_site, example_library


@pytest.fixture(scope="module")
def site():
    known = read_site(example_library(), None, {})
    return replace(known, site_url="https://atlas.example/a/")


def test_every_bibtex_record_can_be_read(site):
    keys = []
    for each in published(site):
        record = bibtex_text(each, site)
        head = re.match(r"@misc\{([a-z0-9-]+),\n", record)
        assert head, record
        keys.append(head[1])
        depth = 0
        for character in record:
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0
        assert depth == 0
        fields = dict(re.findall(r"^  (\w+) += \{(.*)\},$", record, re.MULTILINE))
        assert {"author", "title", "year", "url"} <= set(fields)
        assert (
            len(fields) == record.count("\n") - 2
        )  # one line each: no field breaks out of its own
    assert len(set(keys)) == len(keys)


def test_every_csl_item_has_a_type_a_title_a_day_and_an_address(site):
    items = [csl_items(each, site)[0] for each in published(site)]
    assert len({item["id"] for item in items}) == len(items)
    for item, each in zip(items, published(site), strict=True):
        assert item["type"] == "dataset"
        assert item["title"] == each.cited_title
        assert item["issued"]["date-parts"] == [list(map(int, each.entry.created.split("-")))]
        assert item["URL"] == f"https://atlas.example/a/{each.page}"
        assert all(set(author) == {"literal"} for author in item["author"])


def test_the_files_lie_beside_the_page_which_shows_and_offers_them():
    folder = built_site().folder / "circuits/microworld-states-and-capitals"
    record = (folder / "citation.bib").read_text("utf-8")
    page = (folder / "index.html").read_text("utf-8")
    assert text(record.strip()) in page.replace("\n", "&#10;")
    assert 'href="citation.bib" download="microworld-states-and-capitals.bib"' in page
    assert json.loads((folder / "citation.json").read_text("utf-8"))[0]["number"] == folder.name
