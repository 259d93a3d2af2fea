import json

import pytest

from atlas.entries.library import Library
from atlas.errors import EntryError
from site_builder.reading import read_circuit, read_site
from tests.site_builder.example_library import write_library

ENTRY = "microworld-states-and-capitals"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return Library.open(write_library(tmp_path_factory.mktemp("reading"), 6, nasty=False))


def newest(tmp_path, library, change) -> str:
    """The state that a newer run leads to."""
    result = json.loads(
        (library.root / "circuits" / ENTRY / "reproduction.json").read_text("utf-8")
    )
    change(result)
    (tmp_path / ENTRY).mkdir(exist_ok=True)
    (tmp_path / ENTRY / "result.json").write_text(json.dumps(result), "utf-8")
    reproduction = read_circuit(library, ENTRY, tmp_path).reproduction
    assert reproduction is not None
    return reproduction.state


def test_a_newer_run_changes_the_state_and_no_number(tmp_path, library):
    def drift(result):
        result["measurements"][0]["value"] = 0.1

    before = read_circuit(library, ENTRY, None)
    assert newest(tmp_path, library, lambda result: None) == "reproduced"
    assert newest(tmp_path, library, drift) == "drifted"
    after = read_circuit(library, ENTRY, tmp_path)
    assert after.measurements == before.measurements
    assert after.verdict == before.verdict == "supported"


def test_a_run_of_an_older_entry_is_stale(tmp_path, library):
    def older(result):
        result["provenance"]["entry_digest"] = "0" * 64

    assert newest(tmp_path, library, older) == "stale"


def test_an_entry_without_baseline_is_not_run(library):
    record = read_circuit(library, "gpt2-induction", None)
    assert (record.verdict, record.reproduction) == ("not_run", None)


def test_a_feature_knows_the_parts_that_use_it(library):
    site = read_site(library, None, {})
    used = site.features["microworld/transcoders/2-117"].used_by
    assert (ENTRY, "state") in used


def test_a_damaged_baseline_names_its_file(tmp_path):
    root = write_library(tmp_path, 6, nasty=False)
    path = root / "circuits" / ENTRY / "reproduction.json"
    path.write_text("{")
    with pytest.raises(EntryError, match=r"reproduction\.json"):
        read_circuit(Library.open(root), ENTRY, None)
