"""The section on heads: shown where an entry names some, with what was measured of them."""

import pytest

from atlas.errors import GraphFormatError
from site_builder.pages.attention import attention_section
from site_builder.reading import read_site
from tests.site_builder.built_site import PageReader, built_site, example_library


def record(circuit):
    return read_site(example_library(), None, {}).circuits[circuit]


def test_each_head_has_its_scores_its_heat_map_and_its_pairs():
    shown = record("microworld-states-and-capitals")
    page = PageReader(attention_section(shown))
    assert [name for name, _ in page.elements].count("svg") == 1
    assert "looks at the city" in page.text and "head 2.5" in page.text
    assert "from the last token to the last token of city rather than token 1" in page.text
    assert "difference, split below" in page.text
    assert "Found by: atlas attention" in page.text
    names = [values.get("class") for name, values in page.elements if name == "rect"]
    assert names.count("heat-adds") + names.count("heat-takes") == 9
    assert set(names) == {"heat-adds", "heat-takes"}


def test_a_head_that_was_not_measured_says_so():
    shown = record("microworld-states-and-capitals")
    shown.result["attention"][0]["place"]["head"] = 1
    page = PageReader(attention_section(shown))
    assert [name for name, _ in page.elements].count("svg") == 0
    assert "Not measured yet." in page.text


def test_a_damaged_score_is_an_error_that_names_the_entry():
    shown = record("microworld-states-and-capitals")
    shown.result["attention"][0]["score"] = "much"
    with pytest.raises(GraphFormatError, match="circuits/microworld-states-and-capitals"):
        attention_section(shown)


def test_the_section_stands_on_the_pages_of_such_entries_only():
    site = built_site().folder
    with_heads = PageReader(
        (site / "circuits/microworld-states-and-capitals/index.html").read_text("utf-8")
    )
    assert "attention" in with_heads.anchors
    pages = [path.read_text("utf-8") for path in site.glob("circuits/*/index.html")]
    assert any('id="attention"' not in page for page in pages)
