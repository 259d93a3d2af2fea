"""`atlas qk` on a tiny model, and the example of its help on the embedded one."""

from __future__ import annotations

import json
import shlex

import pytest
from click.testing import CliRunner

from atlas.commands.qk import command
from atlas.errors import AtlasError
from atlas.graphs.attention_json import read_score_values
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from tests.models import tiny_models


@pytest.fixture(scope="session")
def engine_options(tmp_path_factory):
    """Options that name a tiny model and its dictionary, both folders."""
    root = tmp_path_factory.mktemp("engine")
    folder = str(tiny_models.save_model(root / "model", "gpt2"))
    dictionary = tiny_models.random_transcoders(LanguageModel.load(folder))
    circuit_tracer.save(dictionary, root / "transcoders", "tiny")
    return ["--model", folder, "--dictionary", str(root / "transcoders")]


def run(options, *more):
    return CliRunner().invoke(command, [*options, *more], catch_exceptions=False)


WORDS = ["--prompt", "w1 w5 w3 w2", "--head", "2.1"]


def test_it_prints_the_score_both_sides_and_the_pairs(engine_options):
    out = run(engine_options, *WORDS, "--key", "2", "--top", "3").stdout
    assert out.startswith("head 2.1 looks from 'w2'@4 to 'w5'@2\n  score ")
    assert out.count("all other sources") == 2
    assert "constant position_embedding" in out
    assert len(out.splitlines()) == 2 + 2 * (1 + 3 + 1) + 1 + 3 + 1
    assert "all pairs sum to the score to " in out


def test_json_holds_a_score_that_can_be_read_back(engine_options):
    options = ("--key", "-3", "--query", "3", "--foil", "1", "--format", "json")
    found = read_score_values(json.loads(run(engine_options, *WORDS, *options).stdout), "printed")
    assert (found.place.query, found.place.key, found.place.foil) == (3, 2, 1)
    assert found.closure_gap() < 1e-4
    assert found.score == pytest.approx(found.keys[0].score - found.keys[1].score)
    out = run(engine_options, *WORDS, *options[:-2]).stdout
    assert "rather than 'w1'@1" in out and f"difference of the scores {found.score:+.3f}" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--key", "5"], "--key: expected a position from -5 to 4"),
        (["--query", "1", "--key", "2"], "key: expected 0 to 1"),
        (["--head", "2", "--key", "2"], '"2.5"'),
        (["--head", "3.0", "--key", "2"], "layer: expected 0 to 2"),
    ],
)
def test_bad_input_is_an_error_of_one_line(options, message, engine_options):
    with pytest.raises(AtlasError, match=message) as caught:
        run(engine_options, *WORDS, *options)
    assert "\n" not in str(caught.value)


def test_the_example_of_the_help_runs_on_the_embedded_model(repository, monkeypatch):
    monkeypatch.chdir(repository)
    _, _, words = (command.epilog or "").partition("atlas qk ")
    result = run(shlex.split(words))
    assert result.exit_code == 0
    attention = float(result.stdout.split("attention ")[1].split()[0])
    assert attention > 0.5
