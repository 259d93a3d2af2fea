"""HTML from elsewhere rebuilt from an allow-list: nothing that is not listed here comes through.

Used for curators' Markdown and for the outputs of executed notebooks. Scripts, styles, forms,
frames and event handlers vanish with their content or leave only their text.
"""

from __future__ import annotations

from html.parser import HTMLParser

from site_builder.html import Html, is_safe_link, join, tag, text

TEXT = {
    "p", "br", "hr", "em", "strong", "b", "i", "u", "s", "sub", "sup", "code", "pre", "kbd", "samp",
    "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "a",
    "span", "div", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure",
    "figcaption",
}  # fmt: skip
DRAWING = {
    "svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon", "text", "tspan",
    "title", "desc", "defs", "clipPath", "linearGradient", "radialGradient", "stop", "marker",
}  # fmt: skip
SWALLOWED = {
    "script", "style", "iframe", "object", "embed", "template", "noscript", "form", "select",
    "textarea", "button", "audio", "video", "canvas", "foreignobject", "math", "head", "link",
    "meta",
}  # fmt: skip
NEVER_CLOSED = {"br", "hr", "img", "input", "link", "meta"}
ATTRIBUTES = {"colspan", "rowspan", "scope", "title", "lang", "dir"}
DRAWING_ATTRIBUTES = {
    "viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry",
    "d", "points", "transform", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width",
    "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity",
    "text-anchor", "dominant-baseline", "font-size", "font-weight", "offset", "stop-color",
    "stop-opacity", "preserveAspectRatio", "dx", "dy",
}  # fmt: skip
# The parser gives names in lower case; SVG wants these as they are written here.
SPELLING = {name.lower(): name for name in DRAWING | DRAWING_ATTRIBUTES}
DEEPEST = 60  # nested elements; more is an attack on the reader's browser


class Rebuilder(HTMLParser):
    """Reads HTML and rebuilds what is allowed."""

    def __init__(self, heading_shift: int) -> None:
        super().__init__(convert_charrefs=True)
        self.heading_shift = heading_shift
        self.open: list[tuple[str, dict[str, str], list[Html]]] = [("", {}, [])]
        self.swallowing: list[str] = []

    def handle_starttag(self, name: str, values: list[tuple[str, str | None]]) -> None:
        """Open an element if it is allowed; swallow it and its content if it is dangerous."""
        if self.swallowing or (name in SWALLOWED and name not in NEVER_CLOSED):
            if name not in NEVER_CLOSED:
                self.swallowing.append(name)
            return
        drawing = SPELLING.get(name, name) in DRAWING
        if (name not in TEXT and not drawing) or len(self.open) > DEEPEST:
            return
        kept = safe_attributes(name, values, drawing)
        if name in NEVER_CLOSED:
            self.open[-1][2].append(tag(name, kept))
        else:
            self.open.append((self.heading(name), kept, []))

    def handle_startendtag(self, name: str, values: list[tuple[str, str | None]]) -> None:
        """An element that closes itself, as in SVG."""
        self.handle_starttag(name, values)
        if name not in NEVER_CLOSED:
            self.handle_endtag(name)

    def handle_endtag(self, name: str) -> None:
        """Close the innermost open element of that name, and what was left open within it."""
        if self.swallowing:
            if name in self.swallowing:
                del self.swallowing[self.swallowing.index(name) :]
            return
        wanted = self.heading(name)
        if any(opened == wanted for opened, _, _ in self.open[1:]):
            while self.open[-1][0] != wanted:
                self.close_one()
            self.close_one()

    def handle_data(self, data: str) -> None:
        """Text stays text."""
        if not self.swallowing:
            self.open[-1][2].append(text(data))

    def heading(self, name: str) -> str:
        """A heading's level, moved down to fit under the page's own."""
        if len(name) == 2 and name[0] == "h" and name[1].isdigit():
            return f"h{min(int(name[1]) + self.heading_shift, 6)}"
        return name

    def close_one(self) -> None:
        """Close the innermost element."""
        name, values, children = self.open.pop()
        self.open[-1][2].append(tag(SPELLING.get(name, name), values, *children))

    def finish(self) -> Html:
        """Everything that was rebuilt."""
        self.close()
        while len(self.open) > 1:
            self.close_one()
        return join(self.open[0][2])


def safe_attributes(
    name: str, values: list[tuple[str, str | None]], drawing: bool
) -> dict[str, str]:
    """The attributes that may stay."""
    kept: dict[str, str] = {}
    for key, value in values:
        spelled = SPELLING.get(key, key)
        allowed = spelled in DRAWING_ATTRIBUTES if drawing else key in ATTRIBUTES
        if value is None or not allowed or "url(" in value.replace(" ", "").lower():
            continue
        kept[spelled] = value
    target = next((value for key, value in values if key == "href"), None)
    if name == "a" and target and is_safe_link(target):
        kept["href"] = target
        kept["rel"] = "noopener nofollow"
    return kept


def sanitise(source: str, heading_shift: int = 0) -> Html:
    """What is allowed of the HTML in `source`; headings move down by `heading_shift` levels."""
    rebuilder = Rebuilder(heading_shift)
    rebuilder.feed(source)
    return rebuilder.finish()
