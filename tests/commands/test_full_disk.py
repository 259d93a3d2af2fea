"""A disk that is full or read-only: one line, exit code 1, and what was there stays as it was."""

import shutil
from datetime import UTC, datetime

import pytest

from atlas.entries.journal import read_journal
from atlas.entries.library import Library
from atlas.errors import AtlasError
from atlas.runs.record_night import record_night
from tests.entries.sample_library import write_library
from tests.files.small_disk import assert_no_room, call, check_refusals, files_of, on_small_disk
from tests.site_builder.built_site import built_site, example_library

MEGABYTE = 1 << 20


def test_a_new_entry(tmp_path):
    def work(disk):
        write_library(disk.folder / "library")
        words = ("new", "circuit", "one-more", "--yes", "--library", disk.folder / "library")
        check_refusals(disk, disk.folder / "library/circuits", lambda: call(*words))

    on_small_disk(tmp_path / "disk", MEGABYTE, work)


def test_the_journal(tmp_path):
    library = Library.open(write_library(tmp_path / "library"))

    def work(disk):
        journal = disk.folder / "journal"
        nights = iter(range(1, 9))

        def record():
            try:
                record_night(library, [], journal, datetime(2026, 1, next(nights), tzinfo=UTC))
            except AtlasError as error:
                return 1, f"atlas: {error}"
            return 0, ""

        record()
        check_refusals(disk, journal, record)
        assert read_journal(journal).latest.night.day == 4

    on_small_disk(tmp_path / "disk", MEGABYTE, work)


def test_reproducing(tmp_path):
    library = write_library(tmp_path / "library")

    def work(disk):
        results = disk.folder / "results"
        (results / "from-city-to-capital").mkdir(parents=True)
        (results / "from-city-to-capital" / "result.json").write_text("an older one")
        words = ("reproduce", "--all", "--results", results, "--library", library)
        for make, reason in ((disk.fill, "No space left"), (disk.read_only, "Read-only")):
            before = files_of(disk.folder)
            make()
            code, said = call(*words)
            assert (code, said.count("\n")) == (1, 1)
            assert said.startswith(f"atlas: {results}: ")
            assert reason in said
            disk.make_room()
            assert files_of(disk.folder) == before

    on_small_disk(tmp_path / "disk", MEGABYTE, work)


def test_a_page(tmp_path):
    root = example_library().root

    def work(disk):
        words = ("preview", "microworld-states-and-capitals", "--no-serve", "--library", root)
        before = call(*words, "--out", disk.folder)
        assert before[0] == 0, before
        kept = files_of(disk.folder / "site")
        for make in (disk.fill, disk.read_only):
            make()
            code, said = call(*words, "--out", disk.folder)
            assert (code, said.count("\n")) == (1, 1), said
            assert said.startswith(f"atlas: {disk.folder}")
            assert "name another folder" in said
            disk.make_room()
            assert files_of(disk.folder / "site") == kept

    on_small_disk(tmp_path / "disk", 64 * MEGABYTE, work)


@pytest.mark.slow
def test_a_site_for_which_there_is_less_and_less_room(tmp_path):
    site = built_site().folder
    root = example_library().root
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())

    def work(disk):
        out = disk.folder / "site"
        shutil.copytree(site, out)
        kept, refused = files_of(out), 0
        for share in (0.02, 0.3, 0.6, 0.9, 1.0, 1.1):
            disk.fill(leave=int(size * share))
            words = ("--library", root, "--out", out, "--work", tmp_path / "work")
            code, said = call("site", "build", *words)
            disk.make_room()
            assert not list(disk.folder.glob(".*"))
            if code == 0:
                continue
            refused += 1
            assert_no_room(said, disk.folder)
            assert files_of(out) == kept
        assert refused >= 3

    on_small_disk(tmp_path / "disk", 4 * size + MEGABYTE, work)
