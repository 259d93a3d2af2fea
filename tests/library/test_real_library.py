"""The real library passes every check."""

import pytest

from atlas.entries.checks import check
from atlas.entries.library import Library
from atlas.entries.rules.table import severity_of


@pytest.fixture(scope="module")
def library(repository):
    return Library.open(repository)


def test_the_library_has_no_problem(library):
    report = check(library)
    weighty = [str(one) for one in report.problems if severity_of(one.code) != "information"]
    assert weighty == []


def test_every_circuit_and_feature_can_be_read(library):
    assert [circuit.id for circuit in library.circuits.values()] == list(library.circuits)
    assert [feature.id for feature in library.features.values()] == list(library.features)


def test_every_metric_that_is_measured_is_a_term(library):
    terms = {term.id: term.unit for term in library.vocabularies["metrics"]}
    assert terms == {
        "probability": "probability",
        "logit_difference": "logits",
        "top1": "share of rows",
        "generated": "share of rows",
    }


def test_files_are_written_with_line_feeds_and_end_with_one(repository):
    for folder in ("circuits", "features", "models", "resources", "vocabulary", "schema"):
        for path in (repository / folder).rglob("*.*"):
            if path.suffix in (".yaml", ".json", ".jsonl"):
                raw = path.read_bytes()
                assert b"\r" not in raw, path
                assert not raw or raw.endswith(b"\n"), path
