"""A Hugging Face folder and a text file in; a traced, steerable model out."""

import json

import pytest
import torch
from click.testing import CliRunner

from atlas.commands.steer import command as steer
from atlas.commands.trace import command as trace
from atlas.commands.train_dictionary import command as train_dictionary
from atlas.errors import AtlasError
from atlas.models.language_model import LanguageModel
from tests.models import stories_model, tiny_models

QUICK = ["--steps", "40", "--features", "32", "--k", "4", "--batch-tokens", "64", "--length", "9"]


def run(command, *arguments):
    given = [str(argument) for argument in arguments]
    return CliRunner().invoke(command, given, catch_exceptions=False)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A tiny model's folder and a file of text."""
    root = tmp_path_factory.mktemp("train")
    model = tiny_models.save_model(root / "model")
    text = root / "words.txt"
    text.write_text(" ".join(f"w{number % 37}" for number in range(900)))
    return ["--model", model, "--tokens", text]


def test_it_says_how_it_goes_and_how_good_the_result_is(folders, tmp_path):
    result = run(train_dictionary, *folders, "--out", tmp_path / "out", *QUICK)
    assert result.exit_code == 0
    assert "step 40 of 40: " in result.stderr
    assert "unexplained variance" in result.stdout
    assert "recovered" in result.stdout
    assert f"written to {tmp_path / 'out'}" in result.stdout


@pytest.mark.filterwarnings("ignore")  # SAELens and what it imports warn about themselves
def test_autoencoders_in_json(folders, tmp_path):
    out = tmp_path / "out"
    arguments = [*folders, "--out", out, *QUICK, "--kind", "saes", "--format", "json"]
    result = run(train_dictionary, *arguments)
    found = json.loads(result.stdout)
    assert found["dictionary"] == str(out)
    assert len(found["quality"]["layers"]) == 3


def test_bad_input_is_said_before_anything_is_written(folders, tmp_path):
    with pytest.raises(AtlasError, match="expected a folder that does not exist yet"):
        run(train_dictionary, *folders, "--out", tmp_path, *QUICK)
    assert run(train_dictionary, *folders, "--out", tmp_path / "a", "--k", "0").exit_code == 2
    with pytest.raises(AtlasError, match="k of 1 to 32 features"):
        run(train_dictionary, *folders, "--out", tmp_path / "a", *QUICK, "--k", "64")


@pytest.mark.timeout(600)
def test_a_real_model_and_a_text_file_end_as_a_traced_steerable_model(shared_data, tmp_path):
    published = shared_data / "model"
    folder = stories_model.write_folder(
        published / "stories260K.bin", published / "tok512.bin", tmp_path / "stories"
    )
    model = LanguageModel.load(str(folder))
    golden = (published / "stories260K_greedy200_golden.txt").read_text("utf-8").strip()
    ids = model.tokenize(golden).ids
    guesses = model.logits(torch.from_numpy(ids)[None])[0].argmax(-1)
    assert guesses[:-1].tolist() == ids[1:].tolist()  # it is the published model
    text = tmp_path / "stories.txt"
    text.write_text("\n".join(_stories(model, rows=96, length=32)), "utf-8")
    options = ["--model", folder, "--tokens", text, "--length", 32]
    size = ["--features", 256, "--k", 16, "--steps", 200, "--batch-tokens", 256]
    trained = tmp_path / "transcoders"
    result = run(
        train_dictionary, *options, *size, "--out", trained, "--fine-tune", 10, "--format", "json"
    )
    assert json.loads(result.stdout)["quality"]["loss_recovered"] > 0.5
    engine = ["--model", folder, "--dictionary", trained, "--prompt", golden[:29]]
    found = json.loads(run(trace, *engine, "--format", "json").stdout)
    assert found["largest_closure_gap"] < 1e-3
    strongest = max(found["features"], key=lambda feature: feature["influence_share"])
    change = f"{strongest['layer']}-{strongest['index']}@all=-8"
    steered = json.loads(run(steer, *engine, "--scale", change, "--format", "json").stdout)
    assert steered["divergence_nats"] > 0.01


def _stories(model: LanguageModel, rows: int, length: int) -> list[str]:
    """What the model itself tells, sampled."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.full((rows, 1), model.tokenizer.first_id)
    for _ in range(length):
        chances = model.logits(ids)[:, -1].softmax(-1)
        ids = torch.cat([ids, torch.multinomial(chances, 1, generator=generator)], 1)
    return [model.tokenizer.decode(row[1:].tolist()) for row in ids]
