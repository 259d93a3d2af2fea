"""The status page tells what the nights came to, and invents no night."""

from dataclasses import replace

import pytest

from atlas.entries.journal import ClaimPoint, read_journal
from site_builder.pages.status import ROWS_PER_PAGE, status_pages
from site_builder.pictures.sparkline import sparkline
from site_builder.reading import read_site
from tests.site_builder.built_site import PageReader, example_library
from tests.site_builder.example_journal import DRIFTING, write_journal
from tests.site_builder.example_library import HOSTILE


@pytest.fixture(scope="module")
def without_journal():
    return read_site(example_library(), None, {})


@pytest.fixture(scope="module")
def site(without_journal, tmp_path_factory):
    folder = tmp_path_factory.mktemp("journal")
    entries = [*without_journal.circuits, *without_journal.features]
    return replace(without_journal, journal=read_journal(write_journal(folder, entries)))


def test_bad_entries_come_first_with_the_night_and_what_was_new(site):
    read = PageReader(status_pages(site)[0].head)
    words = " ".join(read.text.split())
    first = words.split("Bad since", 1)[1][:400]
    assert DRIFTING in first
    assert "2026-01-07" in first
    assert "torch 2.12.0 → 2.13.0" in first
    assert f"{len(site.journal.latest.entries) - 1} reproduced, 1 drifted" in words


def test_each_claim_has_its_line_and_bad_nights_their_crosses(site):
    read = PageReader(status_pages(site)[0].head)
    lines = [values for name, values in read.elements if values.get("class") == "sparkline"]
    assert len(lines) == len(site.journal.latest.entries)
    assert "0.408 on the last of 9 nights, accepted 0.500 ± 0.02; 3 bad." in lines[0]["aria-label"]
    crosses = [values for _, values in read.elements if values.get("class") == "spark-bad"]
    assert len(crosses) == 3


def test_the_last_night_with_fresh_prompts_is_told(site):
    words = " ".join(PageReader(status_pages(site)[0].head).text.split())
    told = "200 fresh prompts, 2026-01-05: 0.450 [0.300, 0.600], supported"
    assert words.count(told) == len(site.journal.latest.entries)


def test_reasons_are_text(site):
    head = status_pages(site)[0].head
    shown = HOSTILE.replace("\x02", "").replace("\x03", "")
    assert shown in PageReader(head).text
    assert "<img" not in head


def test_without_a_journal_there_is_no_line_and_no_night(without_journal):
    head = status_pages(without_journal)[0].head
    assert "sparkline" not in head
    assert "data-published" not in head
    assert "knows of no nightly runs" in head
    assert "never run" in head


def test_long_lists_are_paged(without_journal):
    record = next(iter(without_journal.circuits.values()))
    many = {
        f"c-{n}": replace(record, circuit=replace(record.circuit, id=f"c-{n}"))
        for n in range(ROWS_PER_PAGE + 1)
    }
    pages = status_pages(replace(without_journal, circuits=many, features={}))
    assert [each.path for each in pages] == ["status/index.html", "status/page-2.html"]
    assert 'href="page-2.html"' in pages[0].head


@pytest.mark.parametrize("values", [[], [None], [0.0, 0.0], [1e300, -1e300], [None, 2.0, None]])
def test_every_course_of_numbers_can_be_drawn(values):
    points = [None if v is None else ClaimPoint(v, (v, v), 1) for v in values]
    drawn = sparkline("claim", [(None, point, point is None) for point in points])
    assert "nan" not in drawn.lower()
    assert "inf" not in drawn.lower()
