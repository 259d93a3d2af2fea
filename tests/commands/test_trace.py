from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from atlas.commands.graph import command as graph_group
from atlas.commands.trace import command
from atlas.errors import AtlasError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from tests.files.small_disk import call, check_refusals, on_small_disk
from tests.models import tiny_models


@pytest.fixture(scope="session")
def engine_options(tmp_path_factory):
    """Options that name a tiny model and its dictionary, both folders."""
    root = tmp_path_factory.mktemp("engine")
    folder = str(tiny_models.save_model(root / "model"))
    dictionary = tiny_models.random_transcoders(LanguageModel.load(folder))
    circuit_tracer.save(dictionary, root / "transcoders", "tiny")
    return ["--model", folder, "--dictionary", str(root / "transcoders")]


def run(options, *more):
    return CliRunner().invoke(command, [*options, *more], catch_exceptions=False)


def test_it_prints_logits_scores_and_features_and_writes_the_graph(engine_options, tmp_path):
    path = tmp_path / "graph.npz"
    result = run(engine_options, "--prompt", "w1 w5 w3", "--top", "2", "--out", str(path))
    assert result.exit_code == 0
    assert "what is explained" in result.stdout
    assert "scores: replacement 0." in result.stdout
    assert "position 3  'w3'" in result.stdout
    assert f"written to {path}" in result.stdout
    assert AttributionGraph.load(path).header.prompt == "w1 w5 w3"


def test_json_holds_the_same(engine_options):
    options = (
        "--prompt",
        "w1 w5 w3",
        "--top",
        "2",
        "--format",
        "json",
        "--max-feature-nodes",
        "30",
    )
    found = json.loads(run(engine_options, *options).stdout)
    assert found["tokens"] == ["<bos>", "w1", "w5", "w3"]
    assert found["largest_closure_gap"] < 1e-4
    positions = [feature["position"] for feature in found["features"]]
    assert max(positions.count(position) for position in positions) <= 2
    assert found["features"][0]["strongest_source"]["weight"] != 0
    shares = [
        found["scores"][f"{name}_share"] for name in ("token", "error", "constant", "dropped")
    ]
    assert sum(shares) == pytest.approx(1)


def test_tracing_can_stop_at_a_bound_which_every_report_states(engine_options, tmp_path):
    path = tmp_path / "graph.npz"
    options = ("--prompt", "w1 w5 w3 w9 w2 w4", "--until", "0.9", "--out", str(path))
    result = run(engine_options, *options)
    tracing = AttributionGraph.load(path).header.provenance["tracing"]
    assert 0 < tracing["unvisited_mass"] <= 0.9
    words = (
        f"{tracing['traced_features']} of {tracing['active_features']} active features; "
        f"unvisited mass {tracing['unvisited_mass']:.2%} (asked for: at most 90.00%)"
    )
    assert f"rows for {words}" in result.stdout
    shown = CliRunner().invoke(graph_group, ["show", str(path)], catch_exceptions=False)
    assert f"traced   {words}" in shown.stdout
    found = json.loads(run(engine_options, *options, "--format", "json").stdout)
    assert found["tracing"] == {**tracing, "until": 0.9}


def test_targets_and_a_foil_can_be_given(engine_options):
    options = ("--prompt", "w1 w5", "--format", "json", "--target", "w2")
    found = json.loads(run(engine_options, *options).stdout)
    assert [logit["token"] for logit in found["logits"]] == ["w2"]
    found = json.loads(run(engine_options, *options, "--foil", "w4").stdout)
    assert [logit["token"] for logit in found["logits"]] == ["w2 − w4"]  # noqa: RUF001


def test_positions_features_and_directions_are_explained_in_one_graph(engine_options, tmp_path):
    vector = tmp_path / "truth.npy"
    np.save(vector, np.arange(tiny_models.D_MODEL, dtype=np.float32))
    options = ["--prompt", "w1 w5 w3", "--target", "w2", "--at", "1", "--at", "-1"]
    options += ["--target-feature", "1-9@2", "--target-feature", "2-0@-1"]
    options += [f"--target-direction={vector}@{place}" for place in ("1@2", "1.mlp@2", "end@-1")]
    result = run(engine_options, *options)
    assert "'w2'@1 " in result.stdout
    assert "feature 1-9 at position 2 value" in result.stdout
    assert "truth before the MLP of layer 1 at position 2 value" in result.stdout
    found = json.loads(run(engine_options, *options, "--format", "json").stdout)
    assert [logit["position"] for logit in found["logits"]] == [1, 3, 2, 3, 2, 2, 3]
    assert [logit["is_token"] for logit in found["logits"]] == [True] * 2 + [False] * 5
    assert found["largest_closure_gap"] < 1e-4


def test_neurons_need_no_dictionary(engine_options):
    options = [
        *engine_options[:2],
        "--dictionary",
        "neurons:0.1",
        "--prompt",
        "w1 w5",
        "--top",
        "1",
    ]
    options += ["--target-neuron", "1-9@2", "--target-neuron", "1-9.gate@2", "--format", "json"]
    found = json.loads(run(options).stdout)
    assert found["dictionary"] == "neurons:0.1"
    assert [logit["token"] for logit in found["logits"]] == [
        "neuron 1-9 at position 2",
        "gate of neuron 1-9 at position 2",
    ]
    assert found["largest_closure_gap"] < 1e-4
    assert len(found["features"]) > 0
    with pytest.raises(AtlasError, match="LAYER-INDEX.gate@POSITION"):
        run([*options, "--target-neuron", "1-9.up@2"])


def test_two_features_of_one_place_can_be_compared(engine_options):
    options = ("--target-feature", "1-9@2", "--foil-feature", "1-4@2", "--format", "json")
    found = json.loads(run(engine_options, "--prompt", "w1 w5", *options).stdout)
    assert len(found["logits"]) == 1
    assert found["logits"][0]["token"].startswith("feature 1-9 at position 2 ")


@pytest.mark.parametrize("array", [np.zeros((2, 2)), np.array(["text"]), np.array([None])])
def test_a_file_that_holds_no_vector_is_refused(array, engine_options, tmp_path):
    path = tmp_path / "bad.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(AtlasError, match="an .npy file with one vector"):
        run(engine_options, "--prompt", "w1", f"--target-direction={path}@1@1")


@pytest.fixture(scope="module")
def mixture_options(tmp_path_factory):
    """Options that name a tiny mixture of experts and its dictionary."""
    root = tmp_path_factory.mktemp("mixture")
    folder = str(tiny_models.save_model(root / "model", "mixtral"))
    dictionary = tiny_models.random_transcoders(LanguageModel.load(folder))
    circuit_tracer.save(dictionary, root / "transcoders", "tiny")
    return ["--model", folder, "--dictionary", str(root / "transcoders"), "--prompt", "w1 w5"]


def test_a_router_can_be_explained(mixture_options):
    options = ("--target-router", "1-2@-1", "--target-router", "0-3@1", "--format", "json")
    found = json.loads(run(mixture_options, *options).stdout)
    assert [logit["token"] for logit in found["logits"]] == [
        "expert 2 of layer 1 at position 2",
        "expert 3 of layer 0 at position 1",
    ]
    assert found["largest_closure_gap"] < 1e-4


def test_errors_can_be_split_by_expert(mixture_options, tmp_path):
    path = tmp_path / "graph.npz"
    result = run(mixture_options, "--split-errors", "--out", str(path))
    assert "every row closed" in result.stdout
    graph = AttributionGraph.load(path)
    errors = graph.nodes_of(NodeKind.ERROR)
    assert len(errors) == 3 * 2 * 2  # layers, positions after the first, experts chosen at each
    assert {graph.nodes.label[node] for node in errors} <= {f"expert {e}" for e in range(4)}


def test_a_prompt_without_words_is_traced_too(engine_options):
    result = run(engine_options, "--prompt", "<bos>")
    assert "every row closed" in result.stdout


@pytest.fixture(scope="module")
def autoencoder_options(repository):
    """Options that name the embedded model and its autoencoders."""
    return ["--library", str(repository), "--model", "microworld", "--dictionary", "saes"]


def test_autoencoders_are_traced_and_their_error_is_told(autoencoder_options, tmp_path):
    path = tmp_path / "graph.npz"
    prompt = ("--prompt", "the capital of the state containing Dallas is")
    result = run(autoencoder_options, *prompt, "--max-feature-nodes", "120", "--out", str(path))
    assert "rows for 120 of " in result.stdout
    assert "edges are approximate, by the gradient: off by " in result.stdout
    assert "every row closed" not in result.stdout
    approximate = AttributionGraph.load(path).header.provenance["approximate"]
    assert 0 < approximate["relative_error"] < 0.4
    assert approximate["correlation"] > 0.9
    shown = CliRunner().invoke(graph_group, ["show", str(path)])
    assert f"correlation {approximate['correlation']:.3f}" in shown.stdout


@pytest.mark.parametrize(
    "more", [("--until", "0.1"), ("--split-errors",), ("--target-feature", "1-2@1")]
)
def test_what_autoencoders_do_not_have_is_refused(more, autoencoder_options):
    result = run(autoencoder_options, "--prompt", "the", *more)
    assert result.exit_code == 2
    assert "autoencoders" in result.stderr or "transcoders" in result.stderr


def test_transcoders_have_no_gradient_steps(engine_options):
    assert run(engine_options, "--prompt", "w1", "--gradient-steps", "3").exit_code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prompt", ""], "at least one token"),
        (["--prompt", "w1", "--target", "elephant"], "unknown word"),
        (["--prompt", "w1", "--foil", "w2"], "exactly one --target"),
        (["--prompt", "w1", "--split-errors"], "a model with experts"),
        (["--prompt", "w1", "--target-router", "1-2"], "LAYER-EXPERT@POSITION"),
        (["--prompt", "w1", "--target-router", "1-2@0"], "with experts and a router"),
        (["--prompt", "w1", "--at", "2"], "a position below 2; found 2"),
        (["--prompt", "w1", "--target-feature", "1-2"], "LAYER-INDEX@POSITION"),
        (["--prompt", "w1", "--target-feature", "1-999@1"], "a feature below 40"),
        (["--prompt", "w1", "--foil-feature", "1-9@1"], "exactly one --target-feature"),
        (
            ["--prompt", "w1", "--target-feature", "1-9@1", "--foil-feature", "1-9@0"],
            "one layer and position",
        ),
        (["--prompt", "w1", "--target-direction", "x.npy@1"], "FILE.npy@PLACE@POSITION"),
        (["--prompt", "w1", "--target-direction", "nowhere.npy@1@1"], "an .npy file"),
        (["--prompt", "w1", "--out", "/no/such/folder/graph.npz"], "an existing folder"),
        (["--prompt", " ".join(["w1"] * 40)], "1 to 32 tokens"),
    ],
)
def test_bad_input_is_an_error_of_one_line(options, message, engine_options):
    with pytest.raises(AtlasError, match=message) as caught:
        run(engine_options, *options)
    assert "\n" not in str(caught.value)


def test_unknown_models_and_dictionaries_are_named(engine_options, tmp_path):
    with pytest.raises(AtlasError, match="no such folder"):
        run(["--model", "./nowhere", "--dictionary", "x", "--prompt", "w1"])
    with pytest.raises(AtlasError, match="models of the library: "):
        run(["--model", "nobodys-model", "--dictionary", "x", "--prompt", "w1"])
    with pytest.raises(AtlasError, match="transcoders"):
        run([*engine_options[:3], str(tmp_path), "--prompt", "w1"])


def test_rows_can_give_up_small_weights_and_every_report_bounds_what_that_changes(
    engine_options, tmp_path
):
    path = tmp_path / "graph.npz"
    options = ("--prompt", "w1 w5 w3", "--keep", "0.9")
    text = run(engine_options, *options, "--out", str(path)).stdout
    graph = AttributionGraph.load(path)
    mass = graph.header.provenance["tracing"]["given_up_mass"]
    assert 0 < mass < 1
    assert f"0.9 of each row; given-up mass {mass:.2%}" in text
    stated = f"off by at most, for what rows gave up: any node's influence {mass:.2%}"
    assert stated in text
    shown = CliRunner().invoke(graph_group, ["scores", str(path)], catch_exceptions=False)
    assert stated in shown.stdout
    found = json.loads(run(engine_options, *options, "--format", "json").stdout)
    assert found["off_by_at_most"]["influence"] == pytest.approx(mass)
    assert found["tracing"]["keep"] == 0.9
    several = CliRunner().invoke(graph_group, ["scores", str(path), str(path)])
    assert "replacement" in several.stdout


def test_a_full_or_read_only_disk_is_said_in_one_line(engine_options, tmp_path):
    def work(disk):
        path = disk.folder / "graph.npz"
        path.write_bytes(b"an older graph")
        words = ("trace", *engine_options, "--prompt", "w1 w5 w3", "--out", path)
        check_refusals(disk, disk.folder, lambda: call(*words))
        assert AttributionGraph.load(path).header.prompt == "w1 w5 w3"

    on_small_disk(tmp_path / "disk", 1 << 20, work)
