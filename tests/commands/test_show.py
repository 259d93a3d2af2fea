import json

import pytest
from click.testing import CliRunner

from atlas.commands.show import command, measurement_line
from atlas.entries.measurement import MATCHED, Control, Measurement
from atlas.errors import BadInput
from tests.entries.sample_library import write_library


@pytest.fixture
def root(tmp_path):
    return write_library(tmp_path / "library")


@pytest.fixture
def run(root):
    def invoke(*arguments):
        line = ["--library", str(root), *arguments]
        return CliRunner().invoke(command, line, catch_exceptions=False).output

    return invoke


def test_a_circuit_is_shown_with_parts_and_claims(run):
    output = run("from-city-to-capital")
    assert "From a city to its state to its capital  [active, not_run]" in output
    assert (
        "state: the state (intermediate, last token of city, by state): 1-10, 2-20, 2-21" in output
    )
    assert "probability of target under drop-state: decrease by at least 0.3" in output
    assert "generated of foil under swap-state: no effect beyond 0.1" in output
    assert "not_run: it was not measured" in output


def test_a_feature_is_shown_with_its_circuits(run):
    output = run("small/transcoders/1-10")
    assert "should be active where: state is Texas" in output
    assert "in circuits: from-city-to-capital" in output


@pytest.mark.parametrize(
    ("name", "words"), [("small", "64 features per layer"), ("some-paper", "A paper")]
)
def test_models_and_resources_are_shown(run, name, words):
    assert words in run(name)


def test_a_renamed_entry_is_found_by_its_old_name(run):
    assert "From a city" in run("old-name")


def test_json_holds_the_entry_as_written(run):
    shown = json.loads(run("from-city-to-capital", "--format", "json"))
    assert shown["entry"]["parts"][0]["features"]["Texas"] == ["1-10"]
    assert shown["baseline"] is None


def test_an_unknown_id_names_the_nearest(root):
    with pytest.raises(BadInput, match='did you mean "some-paper"'):
        CliRunner().invoke(command, ["--library", str(root), "som-paper"], catch_exceptions=False)


def test_escape_sequences_in_an_entry_do_not_reach_the_terminal(root, run):
    path = root / "circuits/from-city-to-capital/circuit.yaml"
    path.write_text(path.read_text().replace("label: the state", 'label: "\\e]0;owned\\a state"'))
    output = run("from-city-to-capital")
    assert "\x1b" not in output
    assert "\\x1b]0;owned\\x07 state" in output


def test_a_measurement_is_one_line():
    control = Control(MATCHED, (0.01, 0.03), 0.02, 0.02, (0.3, 0.5))
    found = Measurement(
        claim="a", metric="probability", of="target", unit="probability", n=120, before=0.9,
        after=0.4, value=0.5, interval=(0.4, 0.6), control=control, wrong_target=None,
        mode="iterative", seed=0, dtype="float32", device="cpu", matched_rows=120, unmatched_rows=0,
    )  # fmt: skip
    assert measurement_line(found) == (
        "measured 0.5 probability [0.4, 0.6] on 120 rows, 0.9 before, 0.4 after; "
        "matched control 0.02, p = 0.02, 2 draws"
    )
