import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

from atlas.errors import BadInput, OutOfMemory
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.token_sequences import SequenceSettings, read_sequences
from atlas.models.dictionaries import (
    CrossLayerTranscoder,
    SparseAutoencoderSet,
    TranscoderSet,
)
from atlas.models.loading import read_dictionary
from atlas.runs import train_dictionary
from atlas.runs.train_dictionary import TrainingPlan, train_into

# SAELens and what it imports warn about themselves.
pytestmark = pytest.mark.filterwarnings("ignore")

PLAN = TrainingPlan("transcoders", features=40, k=6, steps=60, batch_tokens=128, learning_rate=5e-3)
KINDS = {
    "transcoders": TranscoderSet,
    "skip-transcoders": TranscoderSet,
    "cross-layer": CrossLayerTranscoder,
    "saes": SparseAutoencoderSet,
}


@pytest.fixture(scope="module")
def sequences(tiny_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("tokens") / "ids.npy"
    np.save(path, np.random.default_rng(0).integers(3, 40, 4000))
    return read_sequences(tiny_model(), [path], SequenceSettings(length=9, rows=16))


@pytest.mark.parametrize(
    ("kind", "layout"),
    [*((kind, "circuit-tracer") for kind in KINDS), ("skip-transcoders", "saelens")],
)
def test_each_kind_is_written_measured_and_read_back(tiny_model, sequences, tmp_path, kind, layout):
    model, folder = tiny_model(), tmp_path / "trained"
    plan = replace(PLAN, kind=kind, layout=layout)
    quality = train_into(model, sequences, plan, folder, lambda _: None)
    assert (folder / "config.yaml").exists() == (kind != "saes" and layout == "circuit-tracer")
    read = read_dictionary(folder)
    assert isinstance(read, KINDS[kind])
    written = json.loads((folder / "quality.json").read_text())
    assert written["loss_recovered"] == pytest.approx(quality.loss_recovered, rel=1e-4)
    assert all(layer["unexplained_variance"] < 0.95 for layer in written["layers"])
    assert not (tmp_path / "trained.training").exists()
    card = (folder / "README.md").read_text()
    assert yaml.safe_load(card.split("---")[1])["base_model"] == read.model_name
    assert f"{quality.loss_recovered:.1%} recovered" in card
    if kind == "skip-transcoders":
        assert read.skip(1) is not None
    if kind != "saes":
        graph = attribute(model, read, torch.tensor([0, 5, 6, 7]).numpy(), AttributionSettings())
        tolerance = 1e-4 * np.maximum(1, np.abs(graph.row_totals))
        assert (np.abs(graph.closure_gap()) <= tolerance).all()


def test_an_interrupted_training_goes_on(tiny_model, sequences, tmp_path, monkeypatch):
    model, folder = tiny_model(), tmp_path / "trained"
    plan = replace(PLAN, steps=120)
    settings = train_dictionary.TranscoderTraining
    monkeypatch.setattr(
        train_dictionary,
        "TranscoderTraining",
        lambda **given: settings(**given, checkpoint_every=50),
    )

    def interrupted(progress):
        if progress.step == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_into(model, sequences, plan, folder, interrupted)
    assert not folder.exists()
    with pytest.raises(BadInput, match="expected k 6; found k 7"):
        train_into(model, sequences, replace(plan, k=7), folder, lambda _: None)
    seen = []
    train_into(model, sequences, plan, folder, seen.append)
    assert [progress.step for progress in seen] == [100, 120]
    with pytest.raises(BadInput, match="a folder that does not exist yet"):
        train_into(model, sequences, plan, folder, lambda _: None)


def test_fine_tuning_brings_the_answers_closer(tiny_model, sequences, tmp_path):
    divergence = [
        train_into(
            tiny_model(),
            sequences,
            replace(PLAN, fine_tune=steps),
            tmp_path / f"{steps}",
            lambda _: None,
        ).divergence
        for steps in (0, 40)
    ]
    assert divergence[1] < divergence[0]


def test_what_cannot_be_is_refused_before_it_starts(tiny_model, sequences, tmp_path, monkeypatch):
    model, folder = tiny_model(), tmp_path / "trained"
    with pytest.raises(BadInput, match="expected transcoders; found autoencoders"):
        plan = replace(PLAN, kind="saes", fine_tune=5)
        train_into(model, sequences, plan, folder, lambda _: None)
    with pytest.raises(BadInput, match="circuit-tracer for a cross-layer transcoder"):
        plan = replace(PLAN, kind="cross-layer", layout="saelens")
        train_into(model, sequences, plan, folder, lambda _: None)
    monkeypatch.setattr(train_dictionary, "free_memory", lambda: 10**9)
    with pytest.raises(OutOfMemory, match="found 1,000,000,000; train fewer features"):
        train_into(model, sequences, PLAN, folder, lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_a_cross_layer_transcoder_needs_more_memory(tiny_model):
    model = tiny_model()
    single, cross = (
        train_dictionary.memory_needed(model, replace(PLAN, kind=kind))
        for kind in ("transcoders", "cross-layer")
    )
    more = 4 * 4 * 3 * 40 * 24  # three more decoders, each with its gradient and two moments
    assert cross - single == more
    assert train_dictionary.free_memory() > 0
