from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from atlas.commands.heads import command
from atlas.errors import AtlasError
from atlas.graphs.graph import AttributionGraph
from atlas.methods.attribute import attribute
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from tests.models import tiny_models


@pytest.fixture(scope="session")
def options(tmp_path_factory):
    """A graph of a tiny model, and options that name the model and its dictionary."""
    root = tmp_path_factory.mktemp("engine")
    folder = str(tiny_models.save_model(root / "model"))
    model = LanguageModel.load(folder)
    dictionary = tiny_models.random_transcoders(model, skip="linear")
    circuit_tracer.save(dictionary, root / "transcoders", "tiny")
    attribute(model, dictionary, "w1 w5 w3").save(root / "graph.npz")
    names = ["--model", folder, "--dictionary", str(root / "transcoders")]
    return [str(root / "graph.npz"), *names]


def run(options, *more):
    return CliRunner().invoke(command, [*options, *more], catch_exceptions=False)


def test_it_prints_the_ways_of_the_strongest_edges(options):
    text = run(options, "--top", "3").stdout.splitlines()
    assert len(text) == 7
    assert " -> " in text[0] and "direct " in text[1] and "heads " in text[1]
    assert text[-1].startswith("the ways of every edge sum to it to ")


def test_json_holds_every_way_and_edges_can_be_chosen_by_name(options):
    graph = AttributionGraph.load(options[0])
    target = graph.nodes.short_name(int(graph.logit_nodes[0]), graph.header.tokens)
    found = json.loads(
        run(options, "--into", target, "--from", "token 'w5'@2", "--format", "json").stdout
    )
    assert [(one["source_name"], one["target_name"]) for one in found] == [("token 'w5'@2", target)]
    for one in found:
        total = one["direct"] + sum(one["skips"]) + sum(part for *_, part in one["heads"])
        assert total == pytest.approx(one["weight"], abs=1e-5)


def test_a_name_without_edges_is_an_error_of_one_line(options):
    with pytest.raises(AtlasError, match="from 9-9@9 into any node") as caught:
        run(options, "--from", "9-9@9")
    assert "\n" not in str(caught.value)
