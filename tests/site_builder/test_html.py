import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_builder.html import Html, is_safe_link, join, link, tag, text
from tests.site_builder.built_site import PageReader


@given(st.text())
def test_any_text_comes_back_as_text_and_never_as_an_element(words):
    page = PageReader(tag("p", {"title": words}, words))
    assert [name for name, _ in page.elements] == ["p"]
    shown = text(words)
    assert "<" not in shown and "`" not in shown and "\n" not in shown


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Co"))))
def test_visible_text_is_kept(words):
    assert PageReader(tag("p", {}, words)).text == words


def test_trusted_markup_passes_and_the_rest_is_escaped():
    assert join([Html("<b>"), "<b>"]) == "<b>&lt;b&gt;"


def test_attributes_without_value_are_left_out():
    assert tag("a", {"href": "x", "title": None, "hidden": True, "open": False}, "y") == (
        '<a href="x" hidden>y</a>'
    )


@pytest.mark.parametrize("name", ["onclick", "ONLOAD", "style", "a b", "x=y", ""])
def test_attributes_that_run_or_style_are_refused(name):
    with pytest.raises(ValueError, match="attribute"):
        tag("p", {name: "x"})


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", " javascript:x", "vbscript:x"],
)
def test_links_that_run_or_leave_the_scheme_lose_their_target(target):
    assert not is_safe_link(target)
    assert "href" not in link(target, "words")


@pytest.mark.parametrize(
    "target", ["https://x.org/a", "#part", "../a/b.html", "a/b.html", "a.html"]
)
def test_plain_links_stay(target):
    assert f'href="{target}"' in link(target, "words")
