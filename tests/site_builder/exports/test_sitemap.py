"""The sitemap holds every page once, under the site's address."""

from xml.etree import ElementTree

import pytest

from site_builder.exports.sitemap import NAMESPACE
from tests.site_builder.built_site import PageReader, built_site
from tests.site_builder.published_site import ADDRESS, published_site


@pytest.fixture(scope="module")
def listed():
    root = ElementTree.fromstring((published_site().folder / "sitemap.xml").read_bytes())
    assert root.tag == f"{{{NAMESPACE}}}urlset"
    return {
        place.findtext(f"{{{NAMESPACE}}}loc"): place.findtext(f"{{{NAMESPACE}}}lastmod")
        for place in root
    }


def test_every_page_that_has_content_is_listed_under_its_own_canonical_address(listed):
    folder = published_site().folder
    canonical = {}
    for path in folder.rglob("*.html"):
        name = path.relative_to(folder).as_posix()
        elements = PageReader(path.read_text("utf-8")).elements
        canonical |= {
            values["href"]: name
            for element, values in elements
            if element == "link" and values.get("rel") == "canonical"
        }
    left_out = {"search.html", "circuits/an-old-name/index.html"}
    assert set(listed) == {address for address, name in canonical.items() if name not in left_out}
    assert len(listed) > 40
    assert all(address == ADDRESS + name for address, name in canonical.items())


def test_entries_say_when_they_changed_and_other_pages_nothing(listed):
    entry = f"{ADDRESS}circuits/microworld-states-and-capitals/index.html"
    assert listed[entry] == "2026-11-21"
    assert listed[f"{ADDRESS}guide/index.html"] is None
    assert sum(day is not None for day in listed.values()) == 17


def test_without_an_address_there_is_no_sitemap():
    assert not (built_site().folder / "sitemap.xml").exists()
    assert not (published_site().folder / "sitemap.xml.gz").exists()
