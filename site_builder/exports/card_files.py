"""Writes the cards of a site; one that was drawn before is taken from where it is kept.

Other sites load a card by its whole address, so there are none where the site's is not known.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import PIL

from atlas.files.whole import write_whole
from site_builder.exports import card as drawing
from site_builder.exports.card import Card, card_png
from site_builder.exports.published import Published, absolute
from site_builder.records import SiteRecords

CARD_FILE = "card.png"
SITE_CARD = Card(
    title="Circuits in language models, with claims you can re-run",
    otherwise="",
    kind="",
    about="Claims, measurements, verdicts",
)


def entry_card(each: Published, site: SiteRecords) -> Card:
    """What an entry's card says."""
    model = each.entry.model
    known = site.models[model].name if model in site.models else model
    return Card(each.title, each.id, each.kind, f"on {known}", each.record.verdict)


def card_address(site: SiteRecords, folder: str = "") -> str:
    """The web address of the card in a folder; empty where there is none."""
    return absolute(site, f"{folder}/{CARD_FILE}".lstrip("/"))


def write_card(card: Card, target: Path, kept: Path) -> None:
    """Write a card, drawn anew only if none in the folder `kept` has the same content."""
    content = [asdict(card), code_digest(), PIL.__version__]
    name = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    path = kept / f"{name}.png"
    if not path.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        write_whole(path, card_png(card))
    target.write_bytes(path.read_bytes())


@cache
def code_digest() -> str:
    """The digest of the code that draws, so that a change of it draws every card anew."""
    return hashlib.sha256(Path(str(drawing.__file__)).read_bytes()).hexdigest()
