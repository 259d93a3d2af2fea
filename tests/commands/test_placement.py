"""Where models run and how their weights are held, as the options say it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from atlas.commands import reproduce, steer, trace
from atlas.commands.placement import Placement
from atlas.errors import BadInput, ModelError, ModelUnavailable
from atlas.graphs.graph import AttributionGraph
from atlas.models.bridge import BridgeSettings
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from tests.models import tiny_models


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("placed")
    model = str(tiny_models.save_model(folder / "model"))
    dictionary = tiny_models.random_transcoders(LanguageModel.load(model))
    circuit_tracer.save(dictionary, folder / "transcoders", "")
    return ["--model", model, "--dictionary", str(folder / "transcoders"), "--prompt", "w1 w5 w3"]


def run(command, *arguments):
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


@pytest.mark.parametrize("device", ["cuda:63", "cuda:x", "toaster", "meta"])
def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are(device, engine):
    with pytest.raises(ModelError, match=f"this machine has: cpu.*; found {device}"):
        run(trace.command, *engine, "--device", device)


def test_a_streamed_trace_writes_the_same_bytes(engine, tmp_path):
    plain, streamed = tmp_path / "plain.npz", tmp_path / "streamed.npz"
    run(trace.command, *engine, "--out", str(plain))
    assert run(trace.command, *engine, "--stream", "--out", str(streamed)).exit_code == 0
    assert plain.read_bytes() == streamed.read_bytes()


def test_a_trace_with_half_precision_computes_in_full_and_says_so(engine, tmp_path):
    out = tmp_path / "half.npz"
    assert run(trace.command, *engine, "--dtype", "bfloat16", "--out", str(out)).exit_code == 0
    graph = AttributionGraph.load(out)
    assert graph.header.provenance["dtype"] == "float32/bfloat16"
    assert np.abs(graph.closure_gap()).max() < 1e-4


def test_steering_computes_in_the_precision_that_is_asked_for(engine, monkeypatch):
    seen = []
    opened = LanguageModel.open

    def open_and_note(reference, settings):
        seen.append(opened(reference, settings))
        return seen[-1]

    monkeypatch.setattr(LanguageModel, "open", open_and_note)
    change = ["--scale", "1-3@2=2", "--format", "json"]
    found = [
        json.loads(run(steer.command, *engine, *change, "--dtype", dtype).stdout)
        for dtype in ("float32", "bfloat16")
    ]
    assert [model.dtype for model in seen] == [torch.float32, torch.bfloat16]
    assert found[0] != found[1]


def test_a_stream_keeps_the_precision_of_the_files():
    with pytest.raises(BadInput, match="no --dtype beside it"):
        _ = Placement(dtype="float16", stream=True).settings
    assert Placement(dtype="float16").settings == BridgeSettings(weights="float16")
    assert Placement(dtype="float16", exact=False).settings == BridgeSettings(dtype="float16")


def test_entries_are_reproduced_in_full_precision_alone():
    result = run(reproduce.command, "some-entry", "--dtype", "bfloat16")
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_a_revision_of_a_hub_id_is_handed_on(monkeypatch):
    seen = []

    def note(reference, settings):
        seen.append((reference, settings.revision))
        raise ModelUnavailable("model", "one", "none")

    monkeypatch.setattr(LanguageModel, "open", note)
    named = ["--model", "owner/name@v2", "--dictionary", "neurons", "--prompt", "w1"]
    with pytest.raises(ModelUnavailable):
        run(trace.command, *named)
    assert seen == [("owner/name", "v2")]
