"""`atlas doctor` says what is there and what is lacking."""

import json

from click.testing import CliRunner

from atlas.commands import doctor
from tests.commands.test_reproduce import write_library


def test_it_says_which_library_is_used_and_what_each_model_lacks(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library = write_library(tmp_path / "library")
    out = CliRunner().invoke(doctor.command, ["--library", str(library)]).output
    assert f"{library} (named by --library)" in out
    assert "1 circuits, 0 features, 1 models" in out
    assert "switched off (HF_HUB_OFFLINE)" in out
    assert "tiny: lacks the folder weights" in out
    (library / "weights").mkdir()
    assert "tiny: runs here" in CliRunner().invoke(
        doctor.command, ["--library", str(library)]
    ).output  # fmt: skip


def test_json_holds_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library = write_library(tmp_path / "library")
    arguments = ["--library", str(library), "--format", "json"]
    found = json.loads(CliRunner().invoke(doctor.command, arguments).output)
    assert found["cores"] >= 1
    assert found["devices"][0] == "cpu"
    assert found["entries"] == {"circuits": 1, "features": 0, "models": 1, "resources": 0}


def test_a_folder_that_is_no_library_is_said_and_the_rest_still_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = doctor.examine(tmp_path)
    assert "neither circuits/ nor models/" in found["library"]
    assert found["models"] == {}


def test_a_hub_that_does_not_answer_is_no_error(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(doctor, "HUB", ("127.0.0.1", 9))
    assert doctor.hub_state().startswith("not reachable")
