"""Badges of an entry for other people's pages: an SVG of our own, and shields' endpoint JSON.

A badge says verdict and state in words and by an icon; its colour only repeats them.
"""

from __future__ import annotations

from typing import Any

from atlas.entries.freshness import DRIFTED, FAILING
from site_builder.exports.published import Published, absolute
from site_builder.html import Html, text
from site_builder.numbers import spoken
from site_builder.pages.badges import FILLED, ICONS
from site_builder.records import SiteRecords
from site_builder.reproduction import known_state

SVG_FILE, SHIELDS_FILE = "badge.svg", "badge.json"
LABEL = "LLM Circuits Atlas"
HEIGHT = 20  # pixels, as badges are everywhere
CHARACTER = 6.4  # pixels at 11 pixels of height; the text is set to exactly that width
# White text on each of these has a contrast of at least 4.5.
COLOURS = {
    "replicated": "#1b6e3c",
    "supported": "#1b6e3c",
    "partial": "#8a5a00",
    "not_supported": "#b3261e",
    "inconclusive": "#5b5f6b",
    "not_run": "#5b5f6b",
}
LEFT = "#2a3040"
UNSETTLED = "#8a5a00"  # the last run left what was accepted


def message(each: Published, site: SiteRecords) -> str:
    """The verdict, and how the last known run compares."""
    return f"{spoken(each.record.verdict)} · {spoken(known_state(site, each.record).state)}"


def colour(each: Published, site: SiteRecords) -> str:
    """That of the verdict; of caution where the last run did not bear it out."""
    unsettled = known_state(site, each.record).state in (DRIFTED, FAILING)
    return UNSETTLED if unsettled else COLOURS[each.record.verdict]


def shields_values(each: Published, site: SiteRecords) -> dict[str, Any]:
    """What shields.io's endpoint badge reads."""
    return {
        "schemaVersion": 1,
        "label": LABEL,
        "message": message(each, site),
        "color": colour(each, site).removeprefix("#"),
    }


def badge_width(words: str) -> int:
    """How wide the badge with this message is, in pixels."""
    return round(len(LABEL) * CHARACTER + len(words) * CHARACTER) + 46


def badge_svg(each: Published, site: SiteRecords) -> str:
    """The badge as a drawing that stands alone."""
    words = message(each, site)
    middle = round(len(LABEL) * CHARACTER) + 16
    width = badge_width(words)
    word = each.record.verdict
    solid = f'<path d="{FILLED[word]}" fill="#fff" stroke="none"/>' if word in FILLED else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" '
        f'viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{text(LABEL)}: {text(words)}">',
        f"<title>{text(LABEL)}: {text(words)}</title>",
        f'<rect width="{width}" height="{HEIGHT}" rx="3" fill="{colour(each, site)}"/>',
        f'<path d="M3 0h{middle - 3}v{HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="{LEFT}"/>',
        f'<g transform="translate({middle + 6} 3) scale(.875)" fill="none" stroke="#fff" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
        f'<path d="{ICONS[word]}"/>{solid}</g>',
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">',
        line(8, LABEL) + line(middle + 24, words),
        "</g></svg>",
    ]
    return "".join(parts) + "\n"


def line(left: int, words: str) -> Html:
    """Words that take as much room in every font."""
    length = round(len(words) * CHARACTER)
    return Html(
        f'<text x="{left}" y="14" textLength="{length}" lengthAdjust="spacingAndGlyphs">'
        f"{text(words)}</text>"
    )


def snippet(each: Published, site: SiteRecords) -> str:
    """Markdown that shows the badge and leads to the entry; empty without the site's address."""
    page, image = absolute(site, each.page), absolute(site, f"{each.folder}/{SVG_FILE}")
    return f"[![{LABEL}: {each.id}]({image})]({page})" if page else ""
