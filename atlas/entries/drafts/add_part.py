"""One part more in the text of a draft; all else stays as it was written, comments included."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atlas.entries.drafts.writing import quoted_text, word
from atlas.entries.ids import LayerFeature
from atlas.entries.position import Position
from atlas.errors import BadInput


@dataclass(frozen=True)
class ProposedPart:
    """A part to be written, whose features depend on an entity's value."""

    id: str
    label: str
    role: str
    position: Position
    keyed_by: str
    found_by: str
    features: Mapping[str, Sequence[LayerFeature]]
    figures: Mapping[str, str]  # per value, what is said of its features in a comment


def with_part(text: str, part: ProposedPart, where: str) -> str:
    """The text of a circuit.yaml with the part after all others.

    Raises:
        BadInput: `parts` is written as something else than a list of items, one below the other.
    """
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if re.match(r"parts:", line)), None)
    if start is None:
        return "\n".join([*lines, "parts:", *_item(part, "  ")]) + "\n"
    given = re.fullmatch(r"parts:\s*(\[\s*\])?\s*(#.*)?", lines[start])
    if given is None:
        raise BadInput(
            f"{where}: parts", "a list of items, one below the other", lines[start].strip()[:80]
        )
    end = next(
        (n for n in range(start + 1, len(lines)) if re.match(r"[A-Za-z_\"']", lines[n])), len(lines)
    )
    body = [n for n in range(start + 1, end) if re.match(r"\s*[^\s#]", lines[n])]
    first = re.match(r"( *)- ", lines[body[0]]) if body else None
    indent = first[1] if first else "  "
    after = body[-1] + 1 if body else start + 1
    opened = "parts:" + (f"  {given[2]}" if given[2] else "")
    lines[start] = opened
    return "\n".join([*lines[:after], *_item(part, indent), *lines[after:]]) + "\n"


def _item(part: ProposedPart, indent: str) -> list[str]:
    place = part.position
    position = {
        "entity": f"{{entity: {word(place.entity)}}}",
        "index": f"{{index: {place.index}}}",
    }.get(place.kind, place.kind)
    found = [
        f"- id: {word(part.id)}",
        f"  label: {quoted_text(part.label)}",
        f"  role: {word(part.role)}",
        f"  position: {position}",
        f"  keyed_by: {word(part.keyed_by)}",
        f"  found_by: {quoted_text(part.found_by)}",
        "  features:",
    ]
    for value, features in part.features.items():
        note = f"  # {part.figures[value]}" if part.figures.get(value) else ""
        found.append(f"    {quoted_text(value)}: [{', '.join(map(str, features))}]{note}")
    return [indent + line for line in found]
