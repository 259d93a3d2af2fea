"""Tables with a header row, in a frame that scrolls sideways where the screen is narrow."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from site_builder.html import Html, tag


def table(
    titles: Sequence[str],
    rows: Sequence[Html],
    numeric: Collection[int] = (),
    caption: object = "",
    class_name: str | None = None,
) -> Html:
    """A table of finished rows; columns in `numeric` are set to the right.

    The frame scrolls, so a keyboard reaches it and it is called by its columns.
    """
    header = [
        tag("th", {"scope": "col", "class": "number" if at in numeric else None}, title)
        for at, title in enumerate(titles)
    ]
    body = [
        tag("caption", {}, caption) if caption else "",
        tag("thead", {}, tag("tr", {}, *header)),
        tag("tbody", {}, *rows),
    ]
    return scrolling(", ".join(titles), tag("table", {"class": class_name}, *body))


def scrolling(name: str, content: Html, class_name: str = "table-frame") -> Html:
    """A frame that scrolls sideways, reached by the keyboard and called by its name."""
    frame = {"class": class_name, "tabindex": 0, "role": "region", "aria-label": name}
    return tag("div", frame, content)


def row(*cells: object, numeric: Collection[int] = ()) -> Html:
    """A row of cells; those in `numeric` are set to the right."""
    return tag(
        "tr",
        {},
        *(
            tag("td", {"class": "number" if at in numeric else None}, cell)
            for at, cell in enumerate(cells)
        ),
    )
