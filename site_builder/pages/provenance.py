"""Where an entry's numbers come from: digests, versions, machine, date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atlas.entries.freshness import Reproduction
from site_builder.html import Html, join, tag
from site_builder.numbers import number
from site_builder.pages.badges import state_badge
from site_builder.records import RESULT

DIGEST_SHOWN = 16  # of 64 hexadecimal digits; the whole digest is in the title


def provenance_section(result: RESULT, reproduction: Reproduction | None, command: str) -> Html:
    """The accepted run, the latest run if there is one, and the command that repeats it."""
    again = join([tag("p", {}, "To measure it again:"), command_block(command)])
    provenance = result.get("provenance") if result else None
    if not isinstance(provenance, Mapping):
        empty = tag("p", {"class": "empty"}, "Nothing was measured yet.")
        return join([empty, again])
    return join([reproduction_note(reproduction), provenance_list(provenance), again])


def command_block(command: str) -> Html:
    """A command to copy."""
    return tag("pre", {}, tag("code", {}, command))


def reproduction_note(reproduction: Reproduction | None) -> Html:
    """The state of the latest run beside the accepted one."""
    if reproduction is None:
        return Html("")
    reasons = "; ".join(reproduction.reasons)
    return tag(
        "p", {}, "Latest run: ", state_badge(reproduction.state), f" {reasons}." if reasons else ""
    )


def provenance_list(provenance: Mapping[str, Any]) -> Html:
    """Every recorded field as a list of terms."""
    run = provenance.get("run")
    run = run if isinstance(run, Mapping) else {}
    versions = provenance.get("versions")
    rows: list[tuple[str, object]] = [
        ("measured", started(run)),
        ("device", join([str(provenance.get("device", "")), dtype_words(provenance)])),
        ("seed", str(provenance.get("seed", ""))),
    ]
    if isinstance(versions, Mapping):
        rows.append(
            ("versions", ", ".join(f"{name} {version}" for name, version in versions.items()))
        )
    for key, value in provenance.items():
        if key.endswith("_digest") and isinstance(value, str):
            rows.append((key.removesuffix("_digest").replace("_", " "), digest(value)))
    cells = [join([tag("dt", {}, name), tag("dd", {}, value)]) for name, value in rows if value]
    return tag("dl", {"class": "provenance"}, *cells)


def started(run: Mapping[str, Any]) -> str:
    """When the run started and how long it took."""
    words = str(run.get("started", ""))[:16].replace("T", " ")
    seconds = run.get("seconds")
    if isinstance(seconds, int | float) and words:
        words += f", took {number(float(seconds))} seconds"
    return words


def dtype_words(provenance: Mapping[str, Any]) -> str:
    """The number format, after the device."""
    return f", {provenance['dtype']}" if provenance.get("dtype") else ""


def digest(value: str) -> Html:
    """A digest, shortened, with the whole of it in the title."""
    return tag("span", {"class": "digest", "title": value}, value[:DIGEST_SHOWN])
