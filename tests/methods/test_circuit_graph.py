"""A circuit's graph: parts are found in it, added up, and never pruned away."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas.entries.circuit import Claim, Intervention, Part, Step
from atlas.entries.ids import LayerFeature
from atlas.entries.library import Library
from atlas.entries.position import Position
from atlas.errors import EntryError
from atlas.graphs.graph import NodeKind
from atlas.methods.attribution.targets import GivenTokens, SalientTokens, TokenDifference
from atlas.methods.circuit_graph import target_of, trace_circuit
from atlas.methods.claims.evaluation_settings import EvaluationSettings
from atlas.methods.claims.instances import instances
from atlas.methods.claims.row_activations import row_activations
from atlas.methods.evaluate import measure_claims
from atlas.methods.intervene import FeatureIntervention, intervene
from atlas.models.loading import load_dictionary, load_model
from tests import planted_library
from tests.models import tiny_models


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The planted circuit with its model, dictionary and one instance."""
    root = tmp_path_factory.mktemp("library")
    (root / "no-notebooks").mkdir()
    library = Library.open(planted_library.build(root / "library", root / "no-notebooks"))
    circuit = library.circuits["planted"]
    model = load_model(library.root, "tiny")
    row = next(row for row in library.prompts(circuit) if row.id == "discovery-w3-0")
    dictionary = load_dictionary(library.root, "tiny", "transcoders")
    return model, dictionary, circuit, instances(model, [row])[0]


@pytest.fixture(scope="module")
def graph(planted):
    return trace_circuit(*planted)


def test_a_part_is_its_features_at_its_position(planted, graph):
    (node,) = graph.part_nodes["city"]
    nodes = graph.whole.nodes
    assert (nodes.layer[node], nodes.index[node], nodes.position[node]) == (2, 0, 3)


def test_the_edge_of_a_part_is_the_sum_of_its_nodes_edges(graph):
    edge = next(edge for edge in graph.edges if edge.source == "city")
    (row,) = (graph.whole.row_of(int(node)) for node in graph.whole.logit_nodes)
    weights = graph.whole.rows.toarray()[row]
    assert edge.weight == pytest.approx(float(weights[graph.part_nodes["city"]].sum()), rel=1e-5)
    assert edge.share == pytest.approx(edge.weight / np.abs(weights).sum(), rel=1e-5)
    assert (edge.expected, edge.as_expected) == ("positive", True)


def test_what_is_not_expected_is_shown_without_judgement(graph):
    edge = next(edge for edge in graph.edges if edge.source == "idle")
    assert (edge.target, edge.expected, edge.as_expected) == ("answer", "", None)


def test_the_drawn_graph_is_smaller_and_keeps_every_part(graph):
    drawn, whole = graph.drawn, graph.whole
    assert len(drawn.nodes) < len(whole.nodes)
    kept = {(int(drawn.nodes.layer[n]), int(drawn.nodes.index[n]), int(drawn.nodes.position[n]))
            for n in drawn.nodes_of(NodeKind.FEATURE)}  # fmt: skip
    for members in graph.part_nodes.values():
        for node in members:
            nodes = whole.nodes
            assert (nodes.layer[node], nodes.index[node], nodes.position[node]) in kept


def test_the_header_names_model_and_dictionary_by_their_ids(graph):
    header = graph.drawn.header
    assert (header.model, header.dictionary, header.prompt) == ("tiny", "transcoders", "w30 w26 w3")
    assert "pruning" in header.settings


def test_what_is_explained_follows_the_circuit(planted):
    circuit, instance = planted[2], planted[3]
    pair = (instance.target_id, instance.foil_id)
    assert target_of(circuit, instance) == GivenTokens((pair[0],))
    assert target_of(replace(circuit, target="difference"), instance) == TokenDifference(*pair)
    assert target_of(replace(circuit, target="salient"), instance) == SalientTokens()
    with pytest.raises(EntryError, match="add foil"):
        target_of(replace(circuit, target="difference"), replace(instance, foil_id=None))


@pytest.fixture(scope="module")
def of_autoencoders(planted):
    """A circuit of one feature of an autoencoder, the strongest at the end of the prompt."""
    model, _, circuit, instance = planted
    dictionary = tiny_models.random_autoencoders(model)
    active = row_activations(model, dictionary, [instance], [1])[0].at(1, instance.last)
    feature = LayerFeature(1, int(active.index[active.value.argmax()]))
    part = Part(id="state", label="s", role="input", position=Position("last"), features=(feature,))
    return model, dictionary, replace(circuit, parts=(part,), edges=()), instance


def test_the_graph_of_autoencoders_says_that_it_is_approximate(of_autoencoders):
    found = trace_circuit(*of_autoencoders)
    approximate = found.drawn.header.provenance["approximate"]
    assert approximate["method"] == "gradient"
    assert approximate["edges"] > 0
    assert approximate["relative_error"] >= 0
    (node,) = found.part_nodes["state"]
    assert int(found.whole.nodes.layer[node]) == 1
    assert 0 < found.scores.replacement <= 1


def test_claims_about_autoencoders_are_measured_in_the_model(of_autoencoders):
    model, dictionary, circuit, instance = of_autoencoders
    step = Step(part="state", action="ablate")
    off = Intervention(id="off", title="off", steps=(step,))
    claim = Claim(
        id="c", statement="s", kind="effect", intervention="off", metric="logit_difference",
        of="target", direction="decrease",
    )  # fmt: skip
    circuit = replace(circuit, interventions=(off,), claims=(claim,))
    row = replace(instance.row, split="test")
    (found,) = measure_claims(model, dictionary, circuit, [row], EvaluationSettings(draws=5))
    (feature,) = circuit.parts[0].features
    ids = torch.from_numpy(instance.ids)[None]
    change = FeatureIntervention(feature.layer, feature.index, -1)
    after = intervene(model, dictionary, ids, [[change]]).logits[0, -1]
    pair = [instance.target_id, instance.foil_id]
    lost = (model.logits(ids)[0, -1, pair] - after[pair]) @ torch.tensor([1.0, -1.0])
    assert found.value == pytest.approx(float(lost), abs=1e-4)
    assert abs(found.value) > 1e-3
