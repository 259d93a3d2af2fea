"""An executed notebook as a page: its text, code, tables and pictures, and nothing that runs."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import markdown

from atlas.errors import MISSHAPEN, EntryError
from site_builder.address import list_page, notebook_page, relative
from site_builder.html import Html, join, tag
from site_builder.page import Page
from site_builder.pages.run_yourself import NOTEBOOK_FILE, NotebookPlace
from site_builder.sanitise import sanitise
from site_builder.tables import scrolling

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LONGEST_OUTPUT = 20_000  # characters of one text output; more is cut, the download has all
LARGEST_PICTURE = 4_000_000  # bytes of one PNG
PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_HEADER = 24  # bytes up to width and height
MOST_PIXELS = 10_000
HIDDEN_TAGS = frozenset({"remove-cell", "injected-parameters-hidden"})


def notebook_entry(place: NotebookPlace, file: Path) -> tuple[Page, dict[str, bytes]]:
    """The page of an executed notebook and the pictures beside it, by name.

    Raises EntryError if the file is no notebook.
    """
    pictures: dict[str, bytes] = {}
    here = notebook_page(place.page)
    trail = tag(
        "nav",
        {"class": "breadcrumb", "aria-label": "Breadcrumb"},
        tag("a", {"href": relative(here, list_page(place.kind))}, place.kind.capitalize()),
        tag("span", {"class": "sep", "aria-hidden": "true"}, "/"),
        tag("a", {"href": relative(here, place.page), "dir": "auto"}, place.title),
    )
    keep = {"class": "button", "href": NOTEBOOK_FILE, "download": f"{place.name}.ipynb"}
    cells = [cell_block(cell, pictures) for cell in read_cells(file)]
    title = f"Notebook: {place.title}"
    head = [
        trail,
        tag("h1", {"dir": "auto"}, title),
        tag("p", {}, tag("a", keep, "Download the notebook")),
        tag("div", {"class": "notebook"}, *cells),
    ]
    return Page(path=here, title=title, head=join(head), layout="list"), pictures


def read_cells(file: Path) -> list[Mapping[str, Any]]:
    """The notebook's cells that readers should see."""
    try:
        notebook = json.loads(file.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if isinstance(cell, Mapping)]
    except MISSHAPEN as error:
        raise EntryError(
            str(file), "an executed notebook", type(error).__name__, "run `atlas notebook` again"
        ) from error
    return [cell for cell in cells if not HIDDEN_TAGS & set(tags_of(cell))]


def tags_of(cell: Mapping[str, Any]) -> list[str]:
    """A cell's tags."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, Mapping) else None
    return [str(each) for each in tags] if isinstance(tags, list) else []


def joined(value: Any) -> str:
    """Text that a notebook keeps as a string or as a list of lines."""
    return "".join(str(each) for each in value) if isinstance(value, list) else str(value or "")


def cell_block(cell: Mapping[str, Any], pictures: dict[str, bytes]) -> Html:
    """One cell with its outputs."""
    source = joined(cell.get("source"))
    if cell.get("cell_type") == "markdown":
        rendered = markdown.markdown(source, extensions=["tables", "sane_lists", "fenced_code"])
        return tag(
            "div", {"class": "cell-prose prose", "dir": "auto"}, sanitise(rendered, heading_shift=1)
        )
    outputs = cell.get("outputs")
    known = outputs if isinstance(outputs, list) else []
    shown = [output_block(each, pictures) for each in known if isinstance(each, Mapping)]
    code = (
        tag("pre", {"class": "cell-code"}, tag("code", {}, source)) if source.strip() else Html("")
    )
    return tag("div", {"class": "cell"}, code, *shown)


def output_block(output: Mapping[str, Any], pictures: dict[str, bytes]) -> Html:
    """One output: a stream, an error, or the richest safe form of a result."""
    kind = output.get("output_type")
    if kind == "stream":
        if output.get("name") == "stderr":
            return Html("")
        return text_output(joined(output.get("text")))
    if kind == "error":
        return text_output(joined(output.get("traceback")), "cell-error")
    data = output.get("data")
    return rich_output(data, pictures) if isinstance(data, Mapping) else Html("")


def rich_output(data: Mapping[str, Any], pictures: dict[str, bytes]) -> Html:
    """A picture, a drawing, a table, or text: the first that is there and safe."""
    if "image/png" in data:
        return picture(joined(data["image/png"]), description(data), pictures)
    if "image/svg+xml" in data:
        return tag("div", {"class": "cell-output"}, sanitise(joined(data["image/svg+xml"])))
    if "text/html" in data:
        rebuilt = sanitise(joined(data["text/html"]))
        if re.sub(r"<[^>]*>", "", rebuilt).strip():
            return scrolling("Output", rebuilt, "cell-output table-frame")
    return text_output(joined(data.get("text/plain")))


def description(data: Mapping[str, Any]) -> str:
    """What stands beside a picture as text."""
    return joined(data.get("text/plain"))[:200] or "A figure of the notebook"


def picture(encoded: str, words: str, pictures: dict[str, bytes]) -> Html:
    """A PNG as a file beside the page; nothing if it is no PNG or too large."""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return Html("")
    if not raw.startswith(PNG_START) or len(raw) < PNG_HEADER or len(raw) > LARGEST_PICTURE:
        return text_output("[a picture that cannot be shown here; the download has it]")
    name = f"figure-{len(pictures) + 1}.png"
    pictures[name] = raw
    width, height = (int.from_bytes(raw[at : at + 4], "big") for at in (16, 20))
    size = {"width": width, "height": height} if max(width, height) < MOST_PIXELS else {}
    return tag(
        "img", {"class": "cell-picture", "src": name, "alt": words, "loading": "lazy", **size}
    )


def text_output(words: str, name: str = "cell-text") -> Html:
    """Text as it was printed, without the colours of terminals."""
    plain = ANSI.sub("", words)
    if not plain.strip():
        return Html("")
    cut = plain if len(plain) <= LONGEST_OUTPUT else plain[:LONGEST_OUTPUT] + "\n… (cut)"
    return tag("pre", {"class": f"cell-output {name}"}, tag("samp", {}, cut))
