"""Cards are drawn whole for every title, once for each content, and named in each page's head."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from atlas.entries.evidence import VERDICTS
from site_builder.exports import card_files
from site_builder.exports.card import (
    HEIGHT,
    MARGIN,
    TITLE_ROOM,
    WIDTH,
    Card,
    card_png,
    drawable,
    fitted,
    font,
)
from site_builder.exports.card_files import write_card
from tests.site_builder.built_site import PageReader, built_site
from tests.site_builder.example_library import ARABIC, HOSTILE
from tests.site_builder.published_site import ADDRESS, published_site

PLAIN = Card("From a city to its state", "a-city", "circuit", "on Microworld", "supported")


def pixels(card: Card) -> Image.Image:
    return Image.open(io.BytesIO(card_png(card))).convert("RGB")


@pytest.mark.parametrize(
    "title", ["A title", "Ünïcode → α", "word " * 200, "W" * 10_000, HOSTILE, ""]
)
def test_a_title_of_any_length_stays_within_its_room(title):
    picture = pixels(replace(PLAIN, title=title))
    assert picture.size == (WIDTH, HEIGHT)
    paper = picture.getpixel((2, 2))
    for edge in ((0, 0, MARGIN - 4, HEIGHT), (WIDTH - MARGIN + 4, 0, WIDTH, HEIGHT)):
        assert picture.crop(edge).getcolors() == [((edge[2] - edge[0]) * HEIGHT, paper)]
    draw = ImageDraw.Draw(picture)
    size, lines = fitted(draw, " ".join(title.split())[:240])
    assert len(lines) * size <= TITLE_ROOM
    assert all(draw.textlength(line, font("bold", size)) <= WIDTH - 2 * MARGIN for line in lines)


def test_a_title_that_the_font_cannot_write_gives_way_to_the_id():
    for title in (ARABIC, "中文", "a\u202eb", "שלום"):
        assert not drawable(title)
        assert card_png(replace(PLAIN, title=title)) == card_png(replace(PLAIN, title="a-city"))
    assert drawable("“Ünïcode” – α → Ж")


def test_each_verdict_has_a_card_of_its_own():
    assert len({card_png(replace(PLAIN, verdict=verdict)) for verdict in VERDICTS}) == len(VERDICTS)


def test_a_card_is_drawn_once_for_each_content(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(card_files, "card_png", lambda card: drawn.append(card) or b"picture")
    for name in ("first.png", "second.png"):
        write_card(PLAIN, tmp_path / name, tmp_path / "kept")
    assert drawn == [PLAIN]
    other = replace(PLAIN, verdict="partial")
    write_card(other, tmp_path / "third.png", tmp_path / "kept")
    assert drawn == [PLAIN, other]
    monkeypatch.setattr(card_files, "code_digest", lambda: "the code that draws changed")
    write_card(PLAIN, tmp_path / "fourth.png", tmp_path / "kept")
    assert drawn == [PLAIN, other, PLAIN]
    assert {path.read_bytes() for path in tmp_path.glob("*.png")} == {b"picture"}


def head(page) -> dict[str, str]:
    elements = PageReader(page.read_text("utf-8")).elements
    return {
        values.get("property") or values["name"]: values.get("content", "")
        for element, values in elements
        if element == "meta" and ("property" in values or "name" in values)
    }


def test_every_page_names_its_title_its_address_and_a_card_that_is_there():
    folder = published_site().folder
    for page in folder.rglob("*.html"):
        said = head(page)
        assert said["og:title"] and said["description"], page
        image = said["og:image"].removeprefix(ADDRESS)
        own = page.parent / "card.png"
        assert image == (own.relative_to(folder).as_posix() if own.is_file() else "card.png")
        with Image.open(folder / image) as picture:
            assert picture.size == (WIDTH, HEIGHT)
        if page.name != "404.html":
            assert said["og:url"] == ADDRESS + page.relative_to(folder).as_posix()


def test_without_an_address_no_card_is_named():
    assert "og:image" not in head(built_site().folder / "index.html")
    assert not list(built_site().folder.rglob("card.png"))
