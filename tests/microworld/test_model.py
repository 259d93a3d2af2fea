"""The committed model and files are those that the report and the model's entry describe."""

import json

import pytest
import yaml

from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.models.language_model import LanguageModel
from microworld.evaluate import accuracies
from microworld.export import export
from microworld.grammar import ASKING, BEHAVIOURS
from microworld.model_card import model_card
from microworld.prompts import prompt_rows
from microworld.tokenizer import vocabulary

SAMPLE = 40  # prompts per behaviour
MAXIMUM_MEGABYTES = {"model": 16, "transcoders": 12, "saes": 12}


@pytest.fixture(scope="module")
def weights(repository):
    return repository / "microworld" / "weights"


@pytest.fixture(scope="module")
def report(repository):
    return json.loads((repository / "microworld" / "report.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def model(weights):
    return LanguageModel.load(str(weights / "model"))


def test_the_model_reaches_its_reported_accuracy_on_a_sample(model, report):
    measured = accuracies(model.logits, SAMPLE)
    for row in report["behaviours"]:
        # Four standard errors of a share near the reported one, at least three prompts.
        share = row["accuracy"]
        slack = max(3 / SAMPLE, 4 * (share * (1 - share) / SAMPLE) ** 0.5)
        assert measured[row["behaviour"]].accuracy >= share - slack, row["behaviour"]


def test_every_behaviour_is_reported_with_its_baseline(report):
    assert [row["behaviour"] for row in report["behaviours"]] == list(ASKING)
    for row in report["behaviours"]:
        assert row["held_out"] == BEHAVIOURS[row["behaviour"]].held_out
        assert 0 <= row["ngram_accuracy"] < row["accuracy"] <= 1


def test_every_behaviour_reaches_what_was_aimed_at(report):
    for row in report["behaviours"]:
        assert row["accuracy"] >= row["target"] - 1e-9, row["behaviour"]


def test_the_held_out_file_is_what_the_seed_gives(weights, tmp_path):
    export(tmp_path / "again.npz")
    committed = (weights / "heldout_tokens.npz").read_bytes()
    assert (tmp_path / "again.npz").read_bytes() == committed
    assert len(committed) <= 2_000_000
    labelled = LabelledTokens.load(weights / "heldout_tokens.npz")
    assert labelled.vocabulary == vocabulary()
    assert 2000 <= len(labelled.tokens) <= 4000
    assert set(labelled.behaviour.tolist()) == set(range(len(ASKING)))


def test_the_models_entry_is_what_its_files_say(repository):
    entry = yaml.safe_load((repository / "models" / "microworld.yaml").read_text("utf-8"))
    assert entry == model_card(repository)
    assert entry["parameters"] <= 4_000_000


def test_the_weights_keep_to_their_budget(weights):
    for name, budget in MAXIMUM_MEGABYTES.items():
        size = sum(path.stat().st_size for path in (weights / name).rglob("*") if path.is_file())
        assert size <= budget * 1_000_000, name


def test_the_engine_reads_prompts_as_the_generator_wrote_them(model):
    for row in prompt_rows("sport-of-athlete", 40)[:20]:
        tokens = model.tokenize(row.text)
        assert tokens.strings[0] == "<bos>"
        assert row.entities["athlete"] in tokens.strings
        assert "<unk>" not in tokens.strings
        assert model.token_string(model.token_id(row.target)) == row.target
