import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_builder.sanitise import ATTRIBUTES, DRAWING, DRAWING_ATTRIBUTES, TEXT, sanitise
from tests.site_builder.built_site import PageReader

PIECES = [
    "<b>", "</b>", "<script>", "</script>", "<svg onload=x>", "</svg>", "<img src=x onerror=y>",
    "<a href='javascript:x'>", "</a>", "<style>", "</style>", "<!--", "-->", "<table><tr><td>",
    "</table>", "text", "&lt;", "<iframe>", "<circle r=1>", "<h1>", "</h1>", "\"'`", "<![CDATA[",
    "]]>", "<p",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_only_listed_elements_and_attributes_come_through(source):
    page = PageReader(sanitise(source))
    for name, values in page.elements:
        assert name in {each.lower() for each in TEXT | DRAWING}
        allowed = {each.lower() for each in ATTRIBUTES | DRAWING_ATTRIBUTES} | {"href", "rel"}
        assert set(values) <= allowed
        assert not values.get("href", "").startswith("javascript")


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_sanitising_twice_changes_nothing(source):
    once = sanitise(source)
    assert sanitise(once) == once


@pytest.mark.parametrize(
    ("source", "rebuilt"),
    [
        ("<p>a<script>b</script>c", "<p>ac</p>"),
        ("<p onclick=x style=y>a</p>", "<p>a</p>"),
        ("<unknown>a</unknown>", "a"),
        ("</p></div>a", "a"),
        ("<em>a", "<em>a</em>"),
        ("<b><i>a</b>c", "<b><i>a</i></b>c"),
        ('<a href="https://x.org">a</a>', '<a href="https://x.org" rel="noopener nofollow">a</a>'),
        ('<a href="javascript:x">a</a>', "<a>a</a>"),
        ('<circle r="1" fill="url(#x)"/>', '<circle r="1"/>'),
        ('<svg viewbox="0 0 1 1"></svg>', '<svg viewBox="0 0 1 1"></svg>'),
        ("<object><p>inside</p></object>after", "after"),
    ],
)
def test_what_is_allowed_is_rebuilt(source, rebuilt):
    assert sanitise(source) == rebuilt


def test_headings_move_below_those_of_the_page():
    assert sanitise("<h1>a</h1><h6>b</h6>", heading_shift=2) == "<h3>a</h3><h6>b</h6>"


def test_deep_nesting_is_flattened():
    deepest = sanitise("<div>" * 500 + "x").count("<div>")
    assert deepest < 100
