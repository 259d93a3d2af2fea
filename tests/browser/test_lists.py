"""The reader's own lists in a real browser: kept, shared, exported, imported, and never markup."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.site_builder.example_library import ARABIC, HOSTILE

pytestmark = pytest.mark.browser

CIRCUIT = "circuits/microworld-states-and-capitals/index.html"
FEATURE = "features/?id=microworld/transcoders/4-17"
PAGE = "lists/index.html"
ITEMS = [
    {"kind": "circuit", "id": "hostile", "title": HOSTILE, "note": '=1+1,"x"\n2'},
    {"kind": "feature", "id": "microworld/transcoders/2-117", "title": ARABIC, "note": ""},
    {"kind": "circuit", "id": "microworld-states-and-capitals", "title": "Capitals", "note": ""},
    {"kind": "feature", "id": "microworld/transcoders/4-17", "title": "4-17", "note": ""},
]
LISTS = [{"name": HOSTILE[:60].strip(), "items": ITEMS}, {"name": "Empty", "items": []}]


def with_lists(visit, lists=LISTS, path=PAGE):
    page = visit().open("404.html")
    text = json.dumps({"version": 1, "lists": lists})
    page.evaluate("(text) => localStorage.setItem('atlas-lists', text)", text)
    page.goto(page.url.replace("404.html", path))
    return page


def kept(page):
    return json.loads(page.evaluate("localStorage.getItem('atlas-lists')"))["lists"]


def test_entries_are_put_on_named_lists_and_taken_off(visit):
    made = visit()
    page = made.open(CIRCUIT)
    button = page.locator(".star summary")
    expect(button).to_have_text("☆ Save to a list")
    button.click()
    page.get_by_label("Saved").check()
    expect(button).to_have_text("★ On “Saved”")
    page.get_by_label("Name of a new list").fill("<b>Reading</b>")
    page.keyboard.press("Enter")
    expect(button).to_have_text("★ On 2 lists")
    page.get_by_label("Saved").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator(".star-panel")).to_be_hidden()
    expect(button).to_be_focused()
    for path in (FEATURE, "models/microworld/index.html"):
        made.open(path)
        page.locator(".star summary").click()
        page.get_by_label("<b>Reading</b>").check()
    page.get_by_role("link", name="All your lists").click()
    expect(page.locator(".list-block h2")).to_have_text(["Saved", "<b>Reading</b>"])
    rows = page.locator(".list-block").nth(1).locator("tr td:nth-child(2)")
    expect(rows).to_have_text(["circuit", "feature", "model"])
    page.get_by_role("link", name="From a city").click()
    expect(page.locator(".star summary")).to_have_text("★ On “<b>Reading</b>”")


def test_a_shared_address_shows_the_list_as_text_and_can_be_kept(visit):
    page = with_lists(visit)
    page.get_by_role("button", name="Share").first.click()
    address = page.locator(".lists-address").input_value()
    other = visit().page
    other.goto(address)
    expect(other.locator(".list-items a").first).to_have_text(HOSTILE)
    assert other.locator(".lists img, .lists b, .lists script").count() == 0
    assert other.evaluate("window.hacked") is None
    other.get_by_role("button", name="Keep in my lists").click()
    expect(other.locator(".lists-told")).to_have_text("Kept.")
    assert kept(other) == LISTS[:1]
    for broken in (address[:-9], address.split("#")[0] + "#share=%3Cimg%3E"):
        other.goto("about:blank")
        other.goto(broken)
        expect(other.locator(".lists-told")).to_contain_text("holds no list")


def test_a_note_is_kept_shared_and_stays_text(visit):
    page = with_lists(visit)
    box = page.get_by_label("Note on Capitals")
    box.fill(HOSTILE)
    box.blur()
    expect(page.locator(".lists-told")).to_have_text("Note kept.")
    assert [item["note"] for item in kept(page)[0]["items"]] == [ITEMS[0]["note"], "", HOSTILE, ""]
    page.get_by_role("button", name="Share").first.click()
    other = visit().page
    other.goto(page.locator(".lists-address").input_value())
    expect(other.locator(".list-note").nth(2)).to_have_text(HOSTILE)
    assert other.locator(".list-note *").count() == 0
    assert other.evaluate("window.hacked") is None
    page.reload()
    expect(page.get_by_label("Note on Capitals")).to_have_value(HOSTILE)


def test_a_phone_shows_a_list_without_scrolling_it(visit):
    page = with_lists(visit)
    page.set_viewport_size({"width": 390, "height": 844})
    frame = page.locator(".list-block .table-frame").first
    assert frame.evaluate("(each) => each.scrollWidth <= each.clientWidth")


def downloaded(page, act) -> str:
    with page.expect_download() as waiting:
        act()
    return Path(waiting.value.path()).read_text("utf-8")


def test_lists_are_exported_and_imported_whole(visit, tmp_path):
    page = with_lists(visit)
    first = page.locator(".list-block").first
    whole = downloaded(page, page.get_by_role("button", name="Export all (JSON)").click)
    assert json.loads(whole) == {"version": 1, "lists": LISTS}
    table = downloaded(page, first.get_by_role("button", name="CSV").click)
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert rows[0] == ["list", "kind", "id", "title", "note"]
    assert rows[1][4] == '\'=1+1,"x"\n2'  # no spreadsheet computes it
    records = downloaded(page, first.get_by_role("button", name="BibTeX").click)
    assert records.count("@misc{atlas-") == 3
    expect(page.locator(".lists-told")).to_contain_text("1 of 4")
    for name, text, many in (("all.json", whole, 2), ("one.csv", table, 1)):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        before = kept(page)
        page.locator("input[type=file]").set_input_files(tmp_path / name)
        expect(page.locator(".list-block")).to_have_count(len(before) + many)
        expect(page.locator(".lists-told")).to_contain_text("imported")
        added = kept(page)[len(before) :]
        assert [each["items"] for each in added] == [each["items"] for each in LISTS[:many]]
        assert len({each["name"] for each in kept(page)}) == len(kept(page))
    (tmp_path / "bad.json").write_text('{"version": 1, "lists": [{"name": "x", "items": [1]}]}')
    page.locator("input[type=file]").set_input_files(tmp_path / "bad.json")
    expect(page.locator(".lists-told")).to_contain_text("neither a circuit")


def test_lists_are_renamed_emptied_and_deleted(visit):
    page = with_lists(visit)
    first = page.locator(".list-block").first
    first.get_by_role("button", name="Rename").click()
    page.get_by_label("New name of the list").fill("Empty")
    page.keyboard.press("Enter")
    expect(page.locator(".list-block h2").first).to_have_text("Empty 2")
    first.get_by_role("button", name="Remove Capitals").click()
    expect(first.locator("tr")).to_have_count(len(ITEMS) - 1)
    page.locator(".list-block").nth(1).get_by_role("button", name="Delete list").click()
    assert len(kept(page)) == 2
    page.get_by_role("button", name="Press again to delete").click()
    expect(page.locator(".list-block")).to_have_count(1)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("throw new DOMException('', 'QuotaExceededError')", "storage for this site is full"),
        ("throw new DOMException('', 'SecurityError')", "does not let the site store anything"),
    ],
)
def test_storage_that_is_full_or_off_is_said(visit, broken, said):
    made = visit()
    made.page.add_init_script(f"Storage.prototype.setItem = () => {{ {broken}; }};")
    page = made.open(CIRCUIT)
    page.locator(".star summary").click()
    page.get_by_label("Saved").click()
    expect(page.locator(".star-told").first).to_contain_text(said)
    expect(page.get_by_label("Saved")).not_to_be_checked()
    made.open(PAGE)
    page.get_by_label("Name of a new list").fill("x")
    page.keyboard.press("Enter")
    expect(page.locator(".lists-told")).to_contain_text(said)


def test_what_is_stored_and_cannot_be_read_is_said(visit):
    page = with_lists(visit, lists=[{"name": 1}])
    expect(page.locator(".lists-told")).to_contain_text("cannot be read")
