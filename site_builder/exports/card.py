"""The picture that other sites show beside a link to an entry, 1200 × 630 pixels.

Drawn in Lato (Open Font License), which comes with mkdocs. A title that Lato has no letters for, or
that reads from right to left, is replaced by the entry's id.
"""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont

from atlas.errors import BadInput
from site_builder.exports.badge import COLOURS

WIDTH, HEIGHT, MARGIN = 1200, 630, 72
PAPER, INK, SOFT, LINE = "#fbfbfd", "#161a24", "#4d5566", "#d9dde6"
EDGE, GOAL = "#8b95ab", "#2454c7"
SIZES = (76, 66, 58, 50, 44)  # of the title, the largest first that fits
LEADING = 1.16
TITLE_ROOM = 300  # pixels of height
LONGEST_TITLE = 240  # characters that are looked at: more than fit
COLOURS_KEPT = 64  # of the PNG's palette
STROKE = 7
# The brand's mark in a box of 32 × 32: where its nodes are, and which are linked.
NODES = ((7, 25, 3.2), (13, 15, 3.2), (20, 21, 3.2), (24, 7, 4.2))
LINKS = ((0, 1), (1, 3), (0, 2), (2, 3), (1, 2))


@dataclass(frozen=True)
class Card:
    """What a card says."""

    title: str
    otherwise: str  # stands there if the title cannot be drawn
    kind: str
    about: str  # the line above the verdict
    verdict: str = ""


def card_png(card: Card) -> bytes:
    """The card as a PNG; same card, same bytes with the same version of Pillow."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    draw_head(draw, card.kind)
    title = card.title if drawable(card.title) else card.otherwise
    cut = f"{title[:LONGEST_TITLE]}…" if len(title) > LONGEST_TITLE else title
    size, lines = fitted(draw, " ".join(cut.split()))
    for number, words in enumerate(lines):
        place = (MARGIN, 176 + number * size * LEADING)
        draw.text(place, words, INK, font("bold", size))
    draw.line([(MARGIN, HEIGHT - 142), (WIDTH - MARGIN, HEIGHT - 142)], LINE, 2)
    draw_foot(draw, card)
    written = io.BytesIO()
    image.quantize(COLOURS_KEPT).save(written, "PNG", optimize=True)
    return written.getvalue()


def draw_head(draw: ImageDraw.ImageDraw, kind: str) -> None:
    """The brand at the left, the kind of entry at the right."""
    scale, left, top = 2.0, MARGIN, 64
    points = [(left + x * scale, top + y * scale) for x, y, _ in NODES]
    for start, end in LINKS:
        draw.line([points[start], points[end]], EDGE, 4)
    for (x, y), (_, _, radius) in zip(points, NODES, strict=True):
        reach = radius * scale
        colour = GOAL if radius > 4 else INK
        draw.ellipse([x - reach, y - reach, x + reach, y + reach], colour)
    draw.text((left + 82, 96), "LLM Circuits Atlas", INK, font("bold", 34), anchor="lm")
    draw.text((WIDTH - MARGIN, 96), kind, SOFT, font("normal", 30), anchor="rm")


def draw_foot(draw: ImageDraw.ImageDraw, card: Card) -> None:
    """The verdict as icon and word, then what it is about."""
    middle, left = HEIGHT - 84.0, float(MARGIN)
    if card.verdict:
        colour = COLOURS[card.verdict]
        words = card.verdict.replace("_", " ")
        width = draw.textlength(words, font("bold", 32)) + 92
        box = (left, middle - 32, left + width, middle + 32)
        draw.rounded_rectangle(box, 32, colour)
        draw_icon(draw, card.verdict, (left + 40, middle))
        draw.text((left + 66, middle), words, "white", font("bold", 32), anchor="lm")
        left += width + 28
    about = card.about if drawable(card.about) else ""
    words = shortened(draw, about, WIDTH - MARGIN - left, font("normal", 30))
    draw.text((left, middle), words, SOFT, font("normal", 30), anchor="lm")


def draw_icon(draw: ImageDraw.ImageDraw, verdict: str, place: tuple[float, float]) -> None:
    """The verdict's icon in white, 26 pixels wide."""
    x, y = place
    box = (x - 12, y - 12, x + 12, y + 12)
    if verdict in ("supported", "replicated"):
        draw.line([(x - 12, y + 1), (x - 3, y + 10), (x + 12, y - 10)], "white", STROKE, "curve")
    elif verdict == "not_supported":
        draw.line([(x - 10, y - 10), (x + 10, y + 10)], "white", STROKE)
        draw.line([(x - 10, y + 10), (x + 10, y - 10)], "white", STROKE)
    elif verdict == "inconclusive":
        draw.text((x, y), "?", "white", font("bold", 36), anchor="mm")
    else:
        draw.ellipse(box, outline="white", width=4)
        if verdict == "partial":
            draw.pieslice(box, 90, 270, "white")


def fitted(draw: ImageDraw.ImageDraw, title: str) -> tuple[int, list[str]]:
    """The largest size at which the title fits, and its lines; a longer one is cut."""
    for size in SIZES:
        lines = wrapped(draw, title, font("bold", size))
        most = int(TITLE_ROOM / (size * LEADING))
        if len(lines) <= most:
            return size, lines
    rest = " ".join(lines[most - 1 :])
    last = shortened(draw, rest, WIDTH - 2 * MARGIN, font("bold", size))
    return size, [*lines[: most - 1], last]


def wrapped(draw: ImageDraw.ImageDraw, title: str, written: ImageFont.FreeTypeFont) -> list[str]:
    """The title in lines that are no wider than the card; longer words are cut through."""
    room, lines = WIDTH - 2 * MARGIN, [""]
    for word in title.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, written) <= room:
            lines[-1] = longer
            continue
        while draw.textlength(word, written) > room:
            length = next(
                each
                for each in range(min(len(word), 120), 0, -1)
                if draw.textlength(word[:each], written) <= room
            )
            lines.append(word[:length])
            word = word[length:]
        lines.append(word)
    return [each for each in lines if each] or [""]


def shortened(
    draw: ImageDraw.ImageDraw, words: str, room: float, written: ImageFont.FreeTypeFont
) -> str:
    """As much of the words as there is room for."""
    words = words[:200]
    if draw.textlength(words, written) <= room:
        return words
    while words and draw.textlength(f"{words}…", written) > room:
        words = words[:-1]
    return f"{words.rstrip()}…"


def drawable(words: str) -> bool:
    """Whether the font has every letter, and all read from left to right."""
    return all(
        unicodedata.bidirectional(each) not in ("R", "AL", "AN", "RLE", "RLO", "RLI")
        and (each.isspace() or has_letter(each))
        for each in set(words)
    )


@cache
def has_letter(character: str) -> bool:
    """Whether the font draws the character and not the box of what is missing."""
    if unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs"):
        return False
    drawn, missing = (font("bold", 24).getmask(each) for each in (character, "\uffff"))
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


@cache
def font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    """Lato in a weight (normal, bold) and size. Raises BadInput where mkdocs has none."""
    place = files("mkdocs") / "themes" / "readthedocs" / "css" / "fonts" / f"lato-{weight}.woff2"
    try:
        return ImageFont.truetype(io.BytesIO(place.read_bytes()), size)
    except OSError as error:
        raise BadInput(
            str(place), "Lato, which mkdocs 1.6 brings", str(error), "install the extra `site`"
        ) from error
