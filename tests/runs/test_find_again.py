"""Parts found again in retrained weights, and what becomes of the claims there."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from atlas.commands.find_again import command, sought_by
from atlas.entries.library import Library
from atlas.entries.retrained import (
    RETRAINED_FILE,
    current_retrainings,
    holdings,
    read_retrained,
    retrained_bytes,
)
from atlas.errors import BadInput, EntryError
from atlas.models.checkpoints import circuit_tracer
from atlas.runs.find_again import accept_retrained
from tests.planted_entries import CITIES, LAYER

FOUND_BY = f"atlas group planted --keyed-by city --position last --layer {LAYER} --most 1"
SHIFT = 7  # places by which the features of the "retrained" dictionary are moved


def write_circuit(library, change=lambda circuit: None):
    """The planted circuit with the one part that a command finds, and the claims about it."""
    path = library / "circuits" / "planted" / "circuit.yaml"
    circuit = json.loads(path.read_text(encoding="utf-8"))
    circuit["parts"] = circuit["parts"][:1]
    circuit["parts"][0]["found_by"] = FOUND_BY
    circuit["interventions"] = circuit["interventions"][:2]
    circuit["claims"] = circuit["claims"][:2]
    change(circuit)
    path.write_text(json.dumps(circuit), encoding="utf-8")


@pytest.fixture
def library(accepted_run, tmp_path):
    copied = tmp_path / "library"
    shutil.copytree(accepted_run[0], copied)
    write_circuit(copied)
    return copied


@pytest.fixture(scope="module")
def found_once(accepted_run, tmp_path_factory):
    """A library with one accepted retraining, its weights, and what the command printed."""
    folder = tmp_path_factory.mktemp("found")
    shutil.copytree(accepted_run[0], folder / "library")
    write_circuit(folder / "library")
    weights = retrained(folder / "library", folder / "other")
    result = find(folder / "library", weights, "--seed", "1", "--accept")
    assert result.exit_code == 0, result.output
    return folder, result


@pytest.fixture
def accepted(found_once, tmp_path):
    """A copy of that library, to change."""
    return Path(shutil.copytree(found_once[0] / "library", tmp_path / "library"))


def retrained(library, out, change=lambda layer: layer):
    """The planted transcoders with their features in another order, and changed otherwise."""
    found = circuit_tracer.load(library / "weights" / "transcoders", None)
    moved = [
        replace(
            layer,
            W_enc=layer.W_enc.roll(SHIFT, 0),
            b_enc=layer.b_enc.roll(SHIFT, 0),
            W_dec=layer.W_dec.roll(SHIFT, 0),
        )
        for layer in found.layers
    ]
    moved[LAYER] = change(moved[LAYER])
    circuit_tracer.save(replace(found, layers=tuple(moved)), out, "tiny")
    return out


def silent(layer):
    """Without what the planted features write."""
    decoder = layer.W_dec.clone()
    decoder[SHIFT : SHIFT + len(CITIES)] = 1e-3 * torch.ones_like(decoder[0])
    return replace(layer, W_dec=decoder)


def find(library, folder, *options):
    arguments = ["--library", str(library), "--of", "tiny/transcoders", "--dictionary", str(folder)]
    return CliRunner().invoke(command, [*arguments, *options], catch_exceptions=False)


def test_a_part_is_found_under_its_new_numbers_and_its_claims_hold(found_once):
    folder, result = found_once
    opened = Library.open(folder / "library")
    circuit = opened.circuits.find("planted")
    (found,) = current_retrainings(opened, circuit)
    assert (found.name, found.unmeasured) == ("dictionary-1", "")
    members = {city: [str(each) for each in group] for city, group in found.parts["city"].items()}
    assert members == {city: [f"{LAYER}-{at + SHIFT}"] for at, city in enumerate(CITIES)}
    words = {claim: verdict.word for claim, verdict in found.verdicts(circuit).items()}
    assert words == {"off-lowers": "supported", "swap-moves": "supported"}
    assert "10 of 10" in result.output


def test_a_claim_that_holds_in_one_of_two_is_said_to(found_once, accepted, tmp_path):
    find(accepted, retrained(accepted, tmp_path / "two", silent), "--seed", "2", "--accept")
    opened = Library.open(accepted)
    circuit = opened.circuits.find("planted")
    kept = current_retrainings(opened, circuit)
    assert [each.name for each in kept] == ["dictionary-1", "dictionary-2"]
    (holding,) = holdings(circuit, kept)["off-lowers"]
    assert holding.words == "1 of 2 dictionaries (1 inconclusive)"
    # Measured again, a retraining takes the place of the one of its name.
    find(accepted, found_once[0] / "other", "--seed", "2", "--accept")
    again = current_retrainings(opened, circuit)
    assert holdings(circuit, again)["off-lowers"][0].supported == 2


def test_what_was_accepted_of_the_same_weights_is_not_measured_again(found_once, accepted):
    folder, measured = found_once
    kept = find(accepted, folder / "other", "--seed", "1", "--accept")
    assert "accepted before" in kept.stderr
    assert kept.stdout == measured.stdout
    path = accepted / "circuits" / "planted" / "retrained.json"
    written = path.stat().st_mtime_ns
    renewed = find(accepted, folder / "other", "--seed", "1", "--accept", "--renew")
    assert "accepted before" not in renewed.stderr
    assert path.stat().st_mtime_ns > written


def test_of_many_that_accept_at_once_none_is_lost(accepted):
    opened = Library.open(accepted)
    circuit = opened.circuits.find("planted")
    (found,) = current_retrainings(opened, circuit)
    others = [replace(found, seed=seed) for seed in range(2, 18)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: accept_retrained(opened, circuit, each), others))
    names = {each.name for each in current_retrainings(opened, circuit)}
    assert names == {f"dictionary-{seed}" for seed in range(1, 18)}


def test_a_retrained_model_is_counted_apart(library, tmp_path):
    folder = retrained(library, tmp_path / "other")
    model = library / "weights" / "model"
    find(library, folder, "--seed", "1", "--model", str(model), "--accept")
    opened = Library.open(library)
    circuit = opened.circuits.find("planted")
    (holding,) = holdings(circuit, current_retrainings(opened, circuit))["off-lowers"]
    assert holding.words == "1 of 1 model"


def test_a_circuit_that_asks_something_else_forgets_its_retrainings(accepted):
    def reword(circuit):
        circuit["claims"][0]["statement"] = "The answer falls where the city is switched off."
        circuit["claims"][0]["threshold"]["value"] = 1000.0

    write_circuit(accepted, reword)
    opened = Library.open(accepted)
    circuit = opened.circuits.find("planted")
    (found,) = current_retrainings(opened, circuit)
    assert found.verdicts(circuit)["off-lowers"].word == "not_supported"

    def sought_otherwise(circuit):
        circuit["parts"][0]["found_by"] = FOUND_BY.replace("--most 1", "--most 2")

    write_circuit(accepted, sought_otherwise)
    opened = Library.open(accepted)
    assert current_retrainings(opened, opened.circuits.find("planted")) == ()


def test_a_part_found_by_hand_is_told_in_words(library, tmp_path):
    write_circuit(library, lambda circuit: circuit["parts"][0].update(found_by="by looking"))
    result = find(library, retrained(library, tmp_path / "other"), "--seed", "1")
    assert "no command says how to find city" in result.output
    assert not (library / "circuits" / "planted" / RETRAINED_FILE).exists()


def test_nothing_found_is_not_supported_anywhere(library, tmp_path):
    def sought_in_vain(circuit):
        circuit["parts"][0]["found_by"] = FOUND_BY.replace("--most 1", "--minimum-effect 1000")

    write_circuit(library, sought_in_vain)
    find(library, retrained(library, tmp_path / "other"), "--seed", "1", "--accept")
    opened = Library.open(library)
    circuit = opened.circuits.find("planted")
    (found,) = current_retrainings(opened, circuit)
    assert not any(found.parts["city"].values())
    assert holdings(circuit, (found,))["off-lowers"][0].supported == 0


def test_a_command_that_does_not_run_is_refused(library):
    opened = Library.open(library)
    part = opened.circuits.find("planted").parts[0]
    assert sought_by(part, "planted").most == 1
    assert sought_by(part, "another") is None
    assert sought_by(replace(part, keyed_by="state"), "planted") is None
    assert sought_by(replace(part, found_by='graphs of "Dallas'), "planted") is None
    with pytest.raises(BadInput, match="--keyd-by"):
        sought_by(replace(part, found_by=FOUND_BY.replace("keyed", "keyd")), "planted")


def test_other_circuits_are_refused(library, tmp_path):
    folder = retrained(library, tmp_path / "other")
    with pytest.raises(BadInput, match="circuits of tiny/saes"):
        find(library, folder, "planted", "--seed", "1", "--of", "tiny/saes")


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"schema_version": 2, "retrained": []}',
     '{"schema_version": 1, "retrained": [{"varied": "weather"}]}', "[" * 100_000],
)  # fmt: skip
def test_a_damaged_file_is_told(content, tmp_path):
    path = tmp_path / RETRAINED_FILE
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EntryError, match=r"retrained\.json"):
        read_retrained(path)


def test_what_is_written_is_read(found_once):
    path = found_once[0] / "library" / "circuits" / "planted" / RETRAINED_FILE
    assert retrained_bytes(read_retrained(path)) == path.read_bytes()


@pytest.mark.slow
def test_the_commands_of_the_real_circuits_find_their_parts(repository):
    """On the dictionary that the entries name, the members are those of the entries."""
    from atlas.methods.group import group_features
    from atlas.models.loading import load_dictionary, load_model

    library = Library.open(repository)
    engine = (
        load_model(library.root, "microworld"),
        load_dictionary(library.root, "microworld", "transcoders"),
    )
    for circuit in library.circuits.values():
        rows = [row for row in library.prompts(circuit) if row.split == "discovery"]
        for part in circuit.parts:
            settings = sought_by(part, circuit.id)
            assert settings is not None, (circuit.id, part.id)
            found = group_features(engine, rows, settings)
            members = {
                value: {f"{each.layer}-{each.index}" for each in group}
                for value, group in found.items()
            }
            entry = {value: set(map(str, group)) for value, group in part.features.items()}
            assert members == entry, (circuit.id, part.id)
