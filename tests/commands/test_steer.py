from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from atlas.commands.steer import command
from atlas.errors import AtlasError
from atlas.methods.generate import GenerationSettings, generate
from atlas.methods.intervene import (
    FeatureIntervention,
    HeadIntervention,
    InterventionSettings,
    Span,
    StreamIntervention,
    intervene,
)
from atlas.methods.intervention.head_outputs import head_output
from atlas.methods.next_token import Sampling
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from tests.models import tiny_models

IDS = torch.tensor([[0, 4, 8, 6]])


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


def values(engine, *more):
    return json.loads(run(engine, *more, "--format", "json").stdout)


def agrees(model, found, before, after):
    """Every number of a comparison, from the two logit vectors."""
    p, q = before.softmax(-1), after.softmax(-1)
    for row in [*found["tokens"], found["answer"]]:
        token = model.token_id(row["token"])
        assert row["id"] == token
        for side, logits, shares in (("before", before, p), ("after", after, q)):
            assert row[side]["logit"] == pytest.approx(float(logits[token]), abs=1e-5)
            assert row[side]["probability"] == pytest.approx(float(shares[token]), abs=1e-6)
            order = logits.argsort(descending=True).tolist()
            assert row[side]["rank"] == 1 + order.index(token)
    divergence = float((p * (p.log() - q.log())).sum())
    assert found["divergence_nats"] == pytest.approx(divergence, abs=1e-5)
    return divergence


def test_the_answers_before_and_after(engine):
    model, dictionary, _ = engine
    found = values(engine, "--set", "1-3@last=6")
    change = FeatureIntervention(1, 3, 3, "set", 6.0)
    after = intervene(model, dictionary, IDS, [[change]]).logits[0, -1]
    assert agrees(model, found, model.logits(IDS)[0, -1], after) > 1e-3
    assert found["mode"] == "iterative"
    assert found["prompt"] == ["<bos>", "w1", "w5", "w3"]
    assert found["changes"] == ["set 1-3@last=6"]
    assert set(found) == {"mode", "prompt", "changes", "divergence_nats", "answer", "tokens"}


def test_heads_and_directions_need_no_dictionary(engine, tmp_path):
    model, _, options = engine
    vector = np.linspace(-1, 1, 24)
    np.save(tmp_path / "vector.npy", vector)
    changes = ("--scale", "head:1.2@1:=0.5", "--ablate", f"direction:all:{tmp_path}/vector.npy@all")
    result = CliRunner().invoke(
        command, [*options[:2], *options[4:], *changes, "--answer", "w9", "--format", "json"]
    )
    found = json.loads(result.stdout)
    interventions = [
        HeadIntervention(1, 2, Span(1), "scale", 0.5),
        StreamIntervention(None, Span(0), vector),
    ]
    after = intervene(model, None, IDS, [interventions]).logits[0, -1]
    agrees(model, found, model.logits(IDS)[0, -1], after)
    assert found["answer"]["token"] == "w9"


def test_a_head_takes_its_output_from_other_prompts(engine):
    model, dictionary, _ = engine
    texts = ("w2 w4 w9 w1", "w7 w7 w8")
    others = [model.tokenize(text).ids for text in texts]
    lenders = [word for text in texts for word in ("--from", text)]
    for written, position in (("from", 2), ("from:last", -1), ("mean", None)):
        found = values(engine, "--set", f"head:1.2@2={written}", *lenders)
        vector = head_output(model, others, (1, 2), position)
        change = HeadIntervention(1, 2, 2, "set", vector=vector)
        after = intervene(model, dictionary, IDS, [[change]]).logits[0, -1]
        assert agrees(model, found, model.logits(IDS)[0, -1], after) > 1e-5


@pytest.mark.parametrize("mode", ["iterative", "constrained", "direct"])
def test_a_range_of_values_is_one_row_each(mode, engine):
    model, dictionary, _ = engine
    options = ("--set", "1-3@last=0:8:5", "--ablate", "head:0.1@1", "--mode", mode)
    found = values(engine, *options)
    assert found["swept"] == "set 1-3@last=0:8:5"
    assert [row["value"] for row in found["values"]] == [0, 2, 4, 6, 8]
    for row in found["values"]:
        changes = [FeatureIntervention(1, 3, 3, "set", row["value"]), HeadIntervention(0, 1, 1)]
        settings = InterventionSettings(mode)
        after = intervene(model, dictionary, IDS, [changes], settings).logits[0, -1]
        agrees(model, row, model.logits(IDS)[0, -1], after)
    lines = run(engine, *options).stdout.splitlines()
    assert lines[0].split()[:4] == ["value", "probability", "logit", "rank"]
    assert len(lines) == 7
    assert lines[-1].endswith(f"set 1-3@last=0:8:5 ({mode} mode)")


def test_drawn_continuations_name_their_seeds(engine):
    model, dictionary, _ = engine
    options = ("--set", "1-3@1:=9", "--generate", "6", "--samples", "3", "--seed", "5")
    found = values(engine, *options, "--temperature", "2", "--top-p", "0.9")["generated"]
    assert found["sampling"] == {"temperature": 2.0, "top_p": 0.9}
    sampling = Sampling((6,), 2.0, 0.9)
    for side, changes in (
        ("before", []),
        ("after", [FeatureIntervention(1, 3, Span(1), "set", 9.0)]),
    ):
        assert [each["seed"] for each in found[side]] == [5, 6, 7]
        settings = GenerationSettings(6, sampling=sampling)
        alone = generate(model, dictionary, IDS, [changes], settings)
        assert found[side][1]["ids"] == alone.ids[0].tolist()
        assert found[side][1]["text"] == alone.texts[0]
    assert found["before"] != found["after"]


def test_text_shows_the_table_the_mode_and_continuations(engine):
    options = ("--ablate", "1-3@1:", "--scale", "0-2@2=3", "--add", "2-1@-1=1", "--generate", "2")
    lines = run(engine, *options).stdout.splitlines()
    assert lines[0].split()[:4] == ["token", "before", "after", "change"]
    assert lines[-4].startswith("answer 'w")
    assert lines[-3].startswith("divergence ")
    assert lines[-3].endswith("(iterative mode)")
    assert [line.split(":")[0] for line in lines[-2:]] == ["before", "after"]
    drawn = run(engine, *options, "--samples", "2").stdout.splitlines()
    names = [line.split(":")[0] for line in drawn[-4:]]
    assert names == ["before, seed 0", "before, seed 1", "after, seed 0", "after, seed 1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no change"),
        (["--set", "1-3@last"], "WHAT@POSITION=VALUE"),
        (["--ablate", "1-3@last=3"], "WHAT@POSITION"),
        (["--ablate", "1.3@last"], "WHAT@POSITION"),
        (["--set", "1-3@1=much"], "WHAT@POSITION=VALUE"),
        (["--ablate", "1-99@1"], "an index below 40"),
        (["--ablate", "1-3@9"], "a position below 4"),
        (["--ablate", "head:1.9@1"], "a number below 4"),
        (["--ablate", "1-3@1", "--mode", "direct", "--generate", "2"], "--mode iterative"),
        (["--set", "1-3@1=0:1:3", "--set", "1-4@1=0:1:3"], "one change with a range"),
        (["--set", "1-3@1=0:1:3", "--generate", "2"], "one value for each change"),
        (["--ablate", "1-3@1", "--samples", "2"], "say how many tokens"),
        (["--ablate", "1-3@1", "--from", "w1"], "--from without such a change"),
        (["--set", "head:1.1@1=mean"], "a change without --from"),
        (["--ablate", "1-3@1", "--answer", "unknown"], "one token"),
    ],
)
def test_bad_input_is_an_error_of_one_line(options, message, engine):
    with pytest.raises(AtlasError, match=message) as caught:
        run(engine, *options)
    assert "\n" not in str(caught.value)
