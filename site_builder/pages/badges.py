"""Verdicts and states as badges: an icon, a word and a colour, so that no one of them is needed."""

from __future__ import annotations

from site_builder.html import Html, tag
from site_builder.numbers import spoken

# Each icon is one path in a box of 16 × 16.
ICONS = {
    "replicated": "M3 8.5l3 3 5-6M8 12l1 .8 5-6.5",
    "supported": "M3.5 8.5l3 3 6-7",
    "partial": "M8 3a5 5 0 1 0 .01 0z",
    "not_supported": "M4 4l8 8M12 4l-8 8",
    "inconclusive": "M5.6 6a2.5 2.5 0 1 1 3.6 2.2c-.8.5-1.2 1-1.2 1.9M8 12.6v.2",
    "not_run": "M8 3a5 5 0 1 0 .01 0z",
    "demonstration": (
        "M2.5 8s2-4 5.5-4 5.5 4 5.5 4-2 4-5.5 4-5.5-4-5.5-4zM8 6.6a1.4 1.4 0 1 0 .01 0z"
    ),
}
FILLED = {"partial": "M8 3a5 5 0 0 0 0 10z"}  # drawn solid over the icon
MEANINGS = {
    "replicated": "a published result that this measurement confirms on a public model",
    "supported": "the measured effect passes its threshold and its controls do not",
    "partial": "some claims are supported, others are not",
    "not_supported": "the measurement speaks against the claim",
    "inconclusive": "the measurement cannot decide",
    "not_run": "reported, not measured here",
    "demonstration": "one case shown, never judged",
}
STATE_MEANINGS = {
    "reproduced": "the latest run agrees with the accepted measurement",
    "drifted": "the latest run left the tolerance of the accepted measurement",
    "failing": "the latest run did not finish",
    "stale": "not repeated since the entry changed, or for more than eight days",
    "skipped": "this machine cannot run it",
    "never_run": "no run has been accepted",
}


def icon(word: str) -> Html:
    """The drawing that goes with a verdict."""
    size = {
        "class": "badge-icon",
        "viewBox": "0 0 16 16",
        "width": 14,
        "height": 14,
        "aria-hidden": "true",
    }
    solid = tag("path", {"class": "badge-solid", "d": FILLED[word]}) if word in FILLED else ""
    return tag("svg", size, tag("path", {"d": ICONS.get(word, ICONS["not_run"])}), solid)


def verdict_badge(word: str, large: bool = False) -> Html:
    """A verdict as icon and word; a large one says in its title what it means."""
    name = f"badge badge-{word.replace('_', '-')}" + (" badge-large" if large else "")
    meaning = MEANINGS.get(word) if large else None
    return tag("span", {"class": name, "title": meaning}, icon(word), spoken(word))


def state_badge(state: str) -> Html:
    """The state of reproduction as a quiet badge."""
    return tag(
        "span",
        {"class": f"state state-{state.replace('_', '-')}", "title": STATE_MEANINGS.get(state, "")},
        spoken(state),
    )


def lifecycle_note(lifecycle: str, reason: str, successor: Html | None) -> Html:
    """A notice on drafts and deprecated entries; nothing on active ones."""
    if lifecycle == "active":
        return Html("")
    words = {
        "draft": "A draft: its parts, thresholds and claims may still change.",
        "deprecated": "Deprecated: kept for the record, not to be built on.",
    }[lifecycle]
    return tag(
        "p",
        {"class": "notice"},
        tag("strong", {}, words),
        f" {reason}" if reason else "",
        tag("span", {}, " Superseded by ", successor, ".") if successor else "",
    )
