"""From YAML to accepted baseline, and back again after every kind of interruption."""

import json
import shutil
from datetime import timedelta

import pytest

from atlas.entries.journal import read_journal
from atlas.entries.library import Library
from atlas.runs.executors.workers import Capacity
from atlas.runs.plan import Choice, Place, plan
from atlas.runs.reproduce import ReproduceSettings, reproduce
from atlas.runs.results import read_result
from tests.runs import planted_run
from tests.runs.test_fresh_prompts import written

FEATURE = "tiny--transcoders--2-0"


def copied(accepted_run, tmp_path):
    """The accepted library and its results, to be changed."""
    library, results, _ = accepted_run
    shutil.copytree(library, tmp_path / "library")
    shutil.copytree(results, tmp_path / "results")
    return tmp_path / "library", tmp_path / "results"


def planned_in(library, results, choice=None, **changes):
    """What is to be done about each entry (default: all), by workers that have enough memory."""
    place = Place(results, Capacity(memory_gb=None, gpus=0), **changes)
    return plan(Library.open(library), choice or Choice(everything=True), place)


def rerun(library, results, **changes):
    """Outcomes of all entries, by id; nothing is expected to need a process."""
    said = []
    settings = ReproduceSettings(results, **changes)
    found = reproduce(Library.open(library), Choice(everything=True), settings, said.append)
    return {outcome.entry.id: outcome for outcome in found}, said


def test_the_table_says_what_was_measured(accepted_run):
    _, _, out = accepted_run
    lines = [line.split() for line in out.splitlines()]
    assert ["planted", "off-lowers", "supported", "110"] in [line[:4] for line in lines]
    assert ["planted", "swap-moves", "supported", "110"] in [line[:4] for line in lines]
    assert ["planted", "idle-lowers", "not", "supported", "110"] in [line[:5] for line in lines]


def test_the_night_is_recorded(accepted_run):
    library, results, _ = accepted_run
    night = read_journal(results.parent / "journal").latest
    assert {name: point.state for name, point in night.entries.items()} == {
        "planted": "never_run", "tiny/transcoders/2-0": "never_run"
    }  # fmt: skip  # there was no baseline before
    assert night.environment["torch"]


def test_the_result_is_whole(accepted_run):
    library, results, _ = accepted_run
    names = sorted(path.name for path in (results / "planted").iterdir())
    assert names == ["graph.npz", "heads.json", "notebook.ipynb", "result.json"]
    result = read_result(results / "planted")
    assert [each.n for each in result.measurements] == [110, 110, 110]
    assert result.graph["scores"]["replacement"] > 0
    assert result.part_edges[0]["as_expected"] is True
    assert read_result(results / FEATURE).feature["dashboard"]["layer"] == 2


def test_the_filled_notebook_tells_the_story_without_the_machine(accepted_run):
    library, results, _ = accepted_run
    text = (results / "planted" / "notebook.ipynb").read_text(encoding="utf-8")
    cells = json.loads(text)["cells"]
    kinds = [kind for cell in cells for output in cell.get("outputs", ())
             for kind in output.get("data", ())]  # fmt: skip
    assert kinds.count("image/png") == 2
    assert kinds.count("text/html") >= 5
    assert str(library) not in text
    assert str(results) not in text


def test_the_baseline_is_the_result(accepted_run):
    library, results, _ = accepted_run
    for name, baseline in (
        ("planted/result.json", "circuits/planted/reproduction.json"),
        ("planted/graph.npz", "circuits/planted/graph.npz"),
        (f"{FEATURE}/result.json", "features/tiny/transcoders/2-0.reproduction.json"),
    ):
        assert (results / name).read_bytes() == (library / baseline).read_bytes()


def test_what_is_unchanged_is_not_run_again(accepted_run):
    library, results, _ = accepted_run
    outcomes, said = rerun(library, results)
    assert said == ["2 entries, 2 unchanged or skipped"]
    assert {each.reproduction.state for each in outcomes.values()} == {"reproduced"}
    assert all(each.seconds is None for each in outcomes.values())


@pytest.mark.parametrize(
    ("changed", "text", "stale"),
    [
        ("circuits/planted/circuit.yaml", "\n", {"planted", "tiny/transcoders/2-0"}),
        ("circuits/planted/prompts.jsonl", "\n", {"planted", "tiny/transcoders/2-0"}),
        ("features/tiny/transcoders/2-0.yaml", "\n", {"tiny/transcoders/2-0"}),
        ("notebooks/circuit.ipynb", "\n", {"planted"}),
        ("weights/transcoders/layer_0.safetensors", " ", {"planted", "tiny/transcoders/2-0"}),
    ],
)
def test_what_changed_is_run_again(accepted_run, tmp_path, changed, text, stale):
    library, results = copied(accepted_run, tmp_path)
    with (library / changed).open("a", encoding="utf-8") as file:
        file.write(text)
    planned = planned_in(library, results)
    assert {each.entry.id for each in planned if not each.fresh} == stale
    asked = planned_in(library, results, Choice(changed=True))
    expected = stale if "notebooks" not in changed else set()
    assert {each.entry.id for each in asked} == expected


def test_a_damaged_result_is_run_again(accepted_run, tmp_path):
    library, results = copied(accepted_run, tmp_path)
    (results / "planted" / "result.json").write_text("{", encoding="utf-8")
    (results / FEATURE / "notebook.ipynb").unlink()
    planned = planned_in(library, results)
    assert [each.fresh for each in planned] == [False, False]


def test_a_number_that_left_its_tolerance_is_drift(accepted_run, tmp_path):
    library, results = copied(accepted_run, tmp_path)
    path = library / "circuits" / "planted" / "reproduction.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    value["measurements"][0]["value"] += 1.0
    path.write_text(json.dumps(value), encoding="utf-8")
    outcomes, _ = rerun(library, results)
    assert outcomes["planted"].reproduction.state == "drifted"
    assert "off-lowers: effect" in outcomes["planted"].reproduction.reasons[0]
    assert not outcomes["planted"].good


def test_accepting_needs_no_new_run_and_rewrites_nothing_that_stands(accepted_run, tmp_path):
    library, results = copied(accepted_run, tmp_path)
    kept = library / "features" / "tiny" / "transcoders" / "2-0.reproduction.json"
    before = kept.stat().st_mtime_ns
    (library / "circuits" / "planted" / "graph.npz").write_bytes(b"half a gr")
    rerun(library, results, accept=True)
    graph = library / "circuits" / "planted" / "graph.npz"
    assert graph.read_bytes() == (results / "planted" / "graph.npz").read_bytes()
    assert kept.stat().st_mtime_ns == before


def test_without_notebooks_the_same_is_measured(accepted_run, tmp_path):
    library, results, _ = accepted_run
    fresh = written(tmp_path / "fresh")
    outcomes, said = rerun(library, tmp_path / "results", direct=True, fresh_prompts=fresh)
    assert {each.reproduction.state for each in outcomes.values()} == {"reproduced"}, said
    assert outcomes["planted"].fresh.measurements["off-lowers"].n >= 100
    found = planted_run.kept_bytes(library, tmp_path / "results")
    expected = planted_run.kept_bytes(library, results)
    kinds = ("result.json", "graph.npz", "heads.json")
    measured = [name for name in expected if name.endswith(kinds)]
    assert len(measured) >= 3
    assert {name: found[name] for name in measured} == {name: expected[name] for name in measured}
    assert not [name for name in found if name.endswith(".ipynb")]


@pytest.mark.slow
def test_a_cluster_of_this_machine_measures_the_same(accepted_run, tmp_path, monkeypatch):
    library, _, _ = accepted_run
    monkeypatch.setenv("PYTHONPATH", str(planted_run.REPOSITORY))
    outcomes, said = rerun(library, tmp_path, executor="ray", jobs=2)
    assert {each.reproduction.state for each in outcomes.values()} == {"reproduced"}, said
    assert (tmp_path / "planted" / "notebook.ipynb").is_file()


def test_a_quarter_of_what_is_unchanged_is_run_again_each_day(accepted_run):
    library, results, _ = accepted_run
    ran = read_result(results / "planted").started.date()
    days = [ran + timedelta(days=days) for days in range(1, 5)]
    again = [
        {e.entry.id for e in planned_in(library, results, Choice(everything=True, again_on=day))
         if not e.fresh}
        for day in days
    ]  # fmt: skip
    assert sorted(entry for each in again for entry in each) == ["planted", "tiny/transcoders/2-0"]
    same_day = planned_in(library, results, Choice(everything=True, again_on=ran))
    assert all(each.fresh for each in same_day)  # measured that day already


def test_what_needs_more_than_the_workers_have_is_skipped(accepted_run):
    library, results, _ = accepted_run
    small = Place(results, Capacity(memory_gb=0.001, gpus=0))
    planned = plan(Library.open(library), Choice(everything=True), small)
    assert all("of memory and there are 0 GB here" in each.skipped for each in planned)
