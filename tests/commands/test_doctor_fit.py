"""What `atlas doctor` says of how a model can be traced."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from atlas.commands import doctor, doctor_fit
from atlas.commands.doctor_fit import Free, in_words, ways
from atlas.errors import ModelUnavailable
from tests.models import tiny_models


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_models.save_model(tmp_path_factory.mktemp("fitted"), "gemma2")


def test_each_way_has_its_figures_and_says_whether_it_fits(model):
    found = ways(model, None, Free(memory=10**12, accelerator=None))
    assert [each["option"] for each in found] == ["plain", "--dtype bfloat16", "--stream"]
    assert all(each["fits"] and each["memory_gb"] > 0.3 for each in found)
    assert not any(each["fits"] for each in ways(model, None, Free(10**6, None)))
    assert "too large: plain (" in in_words(ways(model, None, Free(10**6, None)))


def test_an_accelerator_is_another_place_that_must_do(model):
    found = ways(model, None, Free(memory=10**12, accelerator=10**3))
    on_device = [each for each in found if "cuda" in each["option"]]
    assert len(on_device) == 3
    assert not any(each["fits"] for each in on_device)
    assert all(each["accelerator_gb"] >= 0 for each in on_device)


def test_a_model_of_ones_own_can_be_asked_about(model, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    arguments = ["--model", str(model), "--format", "json"]
    found = json.loads(CliRunner().invoke(doctor.command, arguments).output)
    assert list(found["models"]) == [str(model)]
    assert found["models"][str(model)]["state"] == "runs here"
    assert len(found["models"][str(model)]["ways"]) >= 3
    assert "traces with plain" in CliRunner().invoke(doctor.command, arguments[:2]).output


def test_a_model_that_is_nowhere_is_an_error_of_one_line(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="download it once"):
        CliRunner().invoke(
            doctor.command, ["--model", "nobody/no-such-model"], catch_exceptions=False
        )


def test_a_folder_whose_sizes_nobody_can_tell_has_no_figures(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert ways(tmp_path, None, Free(None, None)) == []
    assert doctor_fit.in_words([]) == ""
