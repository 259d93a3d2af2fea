from __future__ import annotations

import json

import pytest
import torch
from click.testing import CliRunner

from atlas.commands.steer import command
from atlas.errors import AtlasError
from atlas.methods.intervene import FeatureIntervention, intervene
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from tests.models import tiny_models


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("engine")
    folder = str(tiny_models.save_model(root / "model"))
    model = LanguageModel.load(folder)
    dictionary = tiny_models.random_transcoders(model)
    circuit_tracer.save(dictionary, root / "transcoders", "tiny")
    options = ["--model", folder, "--dictionary", str(root / "transcoders"), "--prompt", "w1 w5 w3"]
    return model, dictionary, options


def run(engine, *more):
    return CliRunner().invoke(command, [*engine[2], *more], catch_exceptions=False)


def test_the_table_shows_probabilities_before_and_after(engine):
    model, dictionary, _ = engine
    result = json.loads(run(engine, "--set", "1-3@last=6", "--format", "json").stdout)
    ids = torch.tensor([[0, 4, 8, 6]])
    change = FeatureIntervention(1, 3, 3, "set", 6.0)
    before = model.logits(ids)[0, -1].softmax(-1)
    after = intervene(model, dictionary, ids, [[change]]).logits[0, -1].softmax(-1)
    for row in result["tokens"]:
        token = model.token_id(row["token"])
        assert row["before"] == pytest.approx(float(before[token]), abs=1e-6)
        assert row["after"] == pytest.approx(float(after[token]), abs=1e-6)
    divergence = float((before * (before.log() - after.log())).sum())
    assert result["divergence_nats"] == pytest.approx(divergence, abs=1e-5)
    assert divergence > 1e-3


def test_text_shows_the_table_the_mode_and_continuations(engine):
    options = ("--ablate", "1-3@1:", "--scale", "0-2@2=3", "--add", "2-1@-1=1", "--generate", "2")
    lines = run(engine, *options).stdout.splitlines()
    assert lines[0].split() == ["token", "before", "after", "change"]
    assert lines[-3].startswith("divergence ")
    assert lines[-3].endswith("(iterative mode)")
    assert [line.split(":")[0] for line in lines[-2:]] == ["before", "after"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no change"),
        (["--set", "1-3@last"], "LAYER-INDEX@POSITION=ACTIVATION"),
        (["--ablate", "1-3@last=3"], "LAYER-INDEX@POSITION"),
        (["--ablate", "1.3@last"], "LAYER-INDEX@POSITION"),
        (["--set", "1-3@1=much"], "LAYER-INDEX@POSITION=ACTIVATION"),
        (["--ablate", "1-99@1"], "an index below 40"),
        (["--ablate", "1-3@9"], "a position below 4"),
        (["--ablate", "1-3@1", "--mode", "direct", "--generate", "2"], "--mode iterative"),
    ],
)
def test_bad_input_is_an_error_of_one_line(options, message, engine):
    with pytest.raises(AtlasError, match=message) as caught:
        run(engine, *options)
    assert "\n" not in str(caught.value)
