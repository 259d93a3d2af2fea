"""No attack of the corpus becomes an element, an attribute or an address in a page."""

from html.parser import HTMLParser

from atlas.entries.circuit import Circuit
from site_builder.html import CONTROLS, tag
from site_builder.prose import prose
from site_builder.reading import read_site
from tests.hostile_corpus import HIDDEN, PATHS, VISIBLE
from tests.site_builder.built_site import PageReader, example_library
from tests.site_builder.example_library import capitals

ALL = (*VISIBLE, *HIDDEN, *PATHS)
# What prose may become; all else stays text or vanishes.
PROSE = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "span", "strong", "table", "tbody", "td",
    "th", "thead", "tr", "ul",
}  # fmt: skip


class Elements(HTMLParser):
    """The elements of a piece of markup, and its text."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.elements, self.words = [], ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))

    def handle_data(self, data):
        self.words += data


def test_a_field_stays_one_text_in_an_element_and_in_an_attribute():
    for text in ALL:
        found = Elements(tag("p", {"title": text}, text))
        shown = CONTROLS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
        assert found.elements == [("p", {"title": shown})], text
        assert found.words == shown, text


def test_a_story_never_runs_anything():
    circuit, site = Circuit.from_data(capitals()), read_site(example_library(), None, {})
    for text in ALL:
        page = PageReader(prose(text, circuit, site))
        assert {name for name, _ in page.elements} <= PROSE, text
        for _, attributes in page.elements:
            assert not [name for name in dict(attributes) if name.startswith("on")], text
        for _, address in page.addresses():
            scheme = address.strip().lower().partition(":")[0]
            assert scheme not in ("javascript", "data", "vbscript", "file"), text
