"""Safe HTML: text is escaped unless it was built here, so no field can become an element.

`tag("p", {"class": "summary"}, entry.summary)` gives `<p class="summary">…</p>` with the summary
escaped. Only `tag`, `join` and `Html` itself make trusted markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "line", "circle", "rect", "path"})
ATTRIBUTE_NAME = re.compile(r"^[a-zA-Z][a-zA-Z0-9:-]*$")
# Controls that no reader can see: Markdown's own placeholders (STX, ETX) are among them.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
ESCAPED = re.compile(f"[&<>\"'`\n\r]|{CONTROLS.pattern}")  # anything else stands as it is
SAFE_LINK = re.compile(r"^(https?://|mailto:|#|\.{0,2}/|[A-Za-z0-9_-]+[/.])")


class Html(str):
    """Markup that is safe to show as it is."""

    __slots__ = ()


def text(value: object) -> Html:
    """A value as escaped text without invisible controls; Html passes through unchanged."""
    if isinstance(value, Html):
        return value
    if isinstance(value, str) and not ESCAPED.search(value):
        return Html(value)
    escaped = html.escape(CONTROLS.sub("", str(value)), quote=True)
    # One line and no backtick: Markdown looks for fences at the start of lines, even inside HTML.
    return Html(
        escaped.replace("\r\n", "\n")
        .replace("\n", "&#10;")
        .replace("\r", "&#10;")
        .replace("`", "&#96;")
    )


def join(parts: Iterable[object], separator: str = "") -> Html:
    """Parts one after the other, each escaped unless it is Html."""
    return Html(text(separator).join(text(part) for part in parts))


def attributes(values: Mapping[str, object]) -> str:
    """Attributes as they stand in a tag; None and False are left out, True has no value.

    Raises ValueError for a name that is no attribute name, an inline script or an inline style
    (the content security policy refuses both).
    """
    written = []
    for name, value in values.items():
        if not ATTRIBUTE_NAME.match(name) or name.lower().startswith("on") or name == "style":
            raise ValueError(f"not an attribute that pages may have: {name!r}")
        if value is None or value is False:
            continue
        if value is True:
            written.append(f" {name}")
        else:
            written.append(f' {name}="{text(value)}"')
    return "".join(written)


def tag(name: str, values: Mapping[str, object] | None = None, *children: object) -> Html:
    """An element with attributes and children; children that are not Html are escaped."""
    opening = f"{name}{attributes(values or {})}"
    if name in VOID and not children:
        return (
            Html(f"<{opening}>") if name in {"br", "hr", "img", "input"} else Html(f"<{opening}/>")
        )
    return Html(f"<{opening}>{join(children)}</{name}>")


def is_safe_link(target: str) -> bool:
    """Whether a link is http(s), mail or relative: never `javascript:` or `data:`."""
    return bool(SAFE_LINK.match(target)) and not target.startswith("//")


def link(target: str, *children: object) -> Html:
    """A link; a target that is no web address or relative path leaves only its text."""
    if not is_safe_link(target):
        return tag("span", {}, *children)
    outward = target.startswith(("http://", "https://"))
    return tag("a", {"href": target, "rel": "noopener" if outward else None}, *children)


def foreign(value: object, name: str = "span", class_name: str | None = None) -> Html:
    """Text that someone else wrote, in its own direction (right-to-left text stays inside)."""
    return tag(name, {"class": class_name, "dir": "auto"}, value)
