"""How a part is marked wherever it appears: a letter in a ring of the part's colour."""

from __future__ import annotations

from site_builder.html import Html, tag

COLOURS = 8


def part_letter(index: int) -> str:
    """A, B, C … for the parts in their order; A2 and so on after Z."""
    letter = chr(ord("A") + index % 26)
    return letter if index < 26 else f"{letter}{index // 26 + 1}"


def part_class(index: int) -> str:
    """The class that carries a part's colour."""
    return f"part-{index % COLOURS + 1}"


def part_key(index: int) -> Html:
    """A part's letter in a circle of its colour."""
    name = f"part-key {part_class(index)}"
    return tag("span", {"class": name, "aria-hidden": "true"}, part_letter(index))
