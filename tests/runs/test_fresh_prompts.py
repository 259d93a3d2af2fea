"""Claims on prompts that were drawn later: measured beside the entry's own, kept by the night."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from atlas.entries.journal import read_journal
from atlas.entries.library import Library
from atlas.errors import BadInput, EntryError
from atlas.runs.fresh_prompts import FRESH_FILE, fresh_rows, read_fresh
from atlas.runs.judge import judge
from atlas.runs.measure_fresh import measure_fresh
from atlas.runs.plan import Choice
from atlas.runs.record_night import record_night
from atlas.runs.reproduce import ReproduceSettings, reproduce
from atlas.runs.results import read_result
from tests.planted_entries import FILLERS, rows


def written(folder, change=lambda row: row):
    """The planted circuit's test prompts with another word at their front, as fresh ones."""
    folder.mkdir(exist_ok=True)
    known = {row["text"] for split in ("test", "discovery") for row in rows(split, 11)}
    fresh = []
    for row in rows("test", 12):
        first, *rest = row["text"].split()
        other = FILLERS[(FILLERS.index(first) + 2) % len(FILLERS)]
        text = " ".join([other, *rest])
        fresh += [row | {"text": text}] if text not in known else []
    lines = "".join(f"{json.dumps(change(row))}\n" for row in fresh)
    (folder / "planted.jsonl").write_text(lines, encoding="utf-8")
    return folder


def measured(library, folder, tmp_path):
    """What comes of a folder of fresh prompts."""
    entry = Library.open(library).circuits.find("planted")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    content = measure_fresh("planted", fresh_rows(folder, entry), scratch, library)
    (tmp_path / FRESH_FILE).write_bytes(content)
    return entry, read_fresh(tmp_path)


def test_what_holds_on_its_own_prompts_holds_on_others(accepted_run, tmp_path):
    library, results, _ = accepted_run
    entry, found = measured(library, written(tmp_path / "fresh"), tmp_path)
    assert found.error == ""
    words = {name: verdict.word for name, verdict in found.verdicts(entry).items()}
    assert (words["off-lowers"], words["idle-lowers"]) == ("supported", "not_supported")
    assert found.measurements["off-lowers"].n >= 100
    own = read_result(results / "planted").by_claim()
    assert found.measurements["off-lowers"] != own["off-lowers"]

    library = Library.open(library)
    outcome = judge(library, entry, read_result(results / "planted"), 1.0)
    journal = tmp_path / "journal"
    now = datetime(2026, 3, 1, tzinfo=UTC)
    record_night(library, [replace(outcome, fresh=found)], journal, now)
    claim = read_journal(journal).latest.entries["planted"].claims["off-lowers"]
    assert (claim.fresh.n, claim.fresh.verdict) == (found.measurements["off-lowers"].n, "supported")
    assert claim.fresh.value == pytest.approx(found.measurements["off-lowers"].value)
    assert claim.value == pytest.approx(own["off-lowers"].value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: row | {"text": rows("test", 1)[0]["text"]}, "that the circuit does not have"),
        (lambda row: row | {"split": "discovery"}, "that the circuit does not have"),
        (lambda row: row | {"text": 7}, "text"),
        (lambda row: [row], "fresh.jsonl:1"),
        (lambda row: row | {"target": "no such word"}, "no such word"),
    ],
)
def test_prompts_that_are_not_fresh_spare_the_entry_and_say_why(
    accepted_run, tmp_path, change, said
):
    library, results, _ = accepted_run
    entry, found = measured(library, written(tmp_path / "fresh", change), tmp_path)
    assert not found.measurements
    assert not found.verdicts(entry)
    assert said in found.error
    assert "\n" not in found.error

    opened = Library.open(library)
    outcome = judge(opened, entry, read_result(results / "planted"), 1.0)
    night = record_night(opened, [replace(outcome, fresh=found)], tmp_path / "journal")
    assert f"fresh prompts: {found.error}" in night.entries["planted"].reasons


def test_a_feature_and_a_circuit_without_a_file_have_none(accepted_run, tmp_path):
    library = Library.open(accepted_run[0])
    (tmp_path / "fresh").mkdir()
    for entry in (library.circuits.find("planted"), library.features.find("tiny/transcoders/2-0")):
        assert fresh_rows(tmp_path / "fresh", entry) == b""


@pytest.mark.parametrize("direct", [True, False])
def test_a_folder_that_is_missing_or_notebooks_that_do_not_read_it(accepted_run, tmp_path, direct):
    library, _, _ = accepted_run
    settings = ReproduceSettings(tmp_path, direct=direct, fresh_prompts=tmp_path / "no")
    with pytest.raises(BadInput, match="--fresh-prompts"):
        reproduce(Library.open(library), Choice(everything=True), settings, print)


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / FRESH_FILE).write_text('{"measurements": [{}], "error": ""}')
    with pytest.raises(EntryError):
        read_fresh(tmp_path)
    assert read_fresh(tmp_path / "none") is None
