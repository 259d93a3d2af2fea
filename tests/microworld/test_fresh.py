"""Fresh prompts are like the known ones, and none of them is known."""

from collections import Counter
from dataclasses import asdict

import pytest

from atlas.entries.library import Library
from atlas.entries.prompts import PromptRow
from microworld.fresh import fresh_rows, write_fresh
from microworld.prompts import prompt_rows, round_trips


def known(behaviour, rows):
    return tuple(PromptRow(**asdict(row)) for row in prompt_rows(behaviour, rows))


def test_fresh_rows_are_new_and_alike():
    rows = known("agreement", 120)
    fresh = fresh_rows(rows, 60, "a night")
    assert len(fresh) == 60
    assert not {row.text for row in fresh} & {row.text for row in rows}
    assert {row.split for row in fresh} == {"test"}
    assert all(round_trips(row) for row in fresh)
    test = [row for row in rows if row.split == "test"]
    for name in ("number", "depth"):
        shares = [
            Counter(row.entities[name] for row in each)["plural" if name == "number" else "3"]
            / len(each)
            for each in (fresh, test)
        ]
        assert shares[0] == pytest.approx(shares[1], abs=0.05)


def test_another_night_draws_others_and_the_same_night_the_same():
    rows = known("agreement", 100)
    first, again, other = (fresh_rows(rows, 40, seed) for seed in ("a", "a", "b"))
    assert first == again
    assert {row.text for row in first} != {row.text for row in other}


def test_a_language_that_has_no_others_gives_none():
    rows = Library.open(None).prompts("microworld-sport-of-an-athlete")  # all that there are
    assert fresh_rows(rows, 20, "a night") == []


def test_rows_that_only_have_some_of_the_answers_are_none():
    """Every harmful request is known, so that only harmless ones would be left."""
    library = Library.open(None)
    rows = library.prompts("microworld-refusing-harmful-requests")
    assert fresh_rows(rows, 20, "a night") == []


def test_every_circuit_gets_its_file(tmp_path, monkeypatch):
    library = Library.open(None)
    found = write_fresh(library, tmp_path, 5, "a night")
    circuits = map(library.circuits.find, library.circuits)
    assert set(found) == {each.id for each in circuits if each.model == "microworld"}
    assert {path.stem for path in tmp_path.iterdir()} == set(found)
    assert found["microworld-subject-verb-agreement"] == 5
