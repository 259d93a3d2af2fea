"""Why this expert? The four theorems for router logits, against the routers of the real models."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.targets import RouterLogit, RouterLogits
from atlas.methods.intervene import FeatureIntervention, InterventionSettings, intervene
from tests.models import tiny_models
from tests.models.tiny_architectures import MIXTURES

IDS = np.array([0, 4, 8, 6, 12, 5])
ROUTERS = (
    RouterLogit(0, 1, 3),
    RouterLogit(1, 0, 0),
    RouterLogit(1, 2, 4),
    RouterLogit(2, 2, 4),
    RouterLogit(2, 3, -1),
)
EXPLAINED = [(router.layer, router.expert, router.position % len(IDS)) for router in ROUTERS]
DIRECT = InterventionSettings(mode="direct")


class RealRouters:
    """Listens to the routers of transformers' own model: logits by layer."""

    def __init__(self, model):
        parts = model._bridge.original_model.modules()
        routers = [part for part in parts if type(part).__name__.endswith("TopKRouter")]
        assert len(routers) == model.layers
        self.logits = {}
        for layer, router in enumerate(routers):
            router.register_forward_hook(self.keep(layer))

    def keep(self, layer):
        def hook(module, inputs, outputs):
            self.logits[layer] = outputs[0].detach()

        return hook

    def explained(self, rows):
        """The explained logits in each row of the batch that ran last."""
        shaped = {
            layer: logits.reshape(rows, len(IDS), -1) for layer, logits in self.logits.items()
        }
        return np.array(
            [
                [shaped[layer][row, position, expert] for layer, expert, position in EXPLAINED]
                for row in range(rows)
            ]
        )


@pytest.fixture(scope="module", params=MIXTURES)
def traced(request, tmp_path_factory):
    model = tiny_models.load_model(tmp_path_factory.mktemp(request.param), request.param)
    dictionary = tiny_models.random_cross_layer(model, skip="affine")
    settings = AttributionSettings(RouterLogits(ROUTERS))
    return model, RealRouters(model), dictionary, attribute(model, dictionary, IDS, settings)


def test_what_is_explained_is_the_real_routers_logit(traced):
    model, routers, _, graph = traced
    model.logits(torch.from_numpy(IDS[None]))
    found = graph.row_totals[-len(ROUTERS) :]
    np.testing.assert_allclose(found, routers.explained(1)[0], atol=1e-4)
    assert np.ptp(found) > 0.1
    places = graph.nodes.position[graph.logit_nodes].tolist()
    assert places == [position for _, _, position in EXPLAINED]
    assert "expert 3 of layer 2 at position 5" in graph.nodes.label


def test_its_row_and_constants_sum_to_it(traced):
    model, _, _, graph = traced
    assert (np.abs(graph.closure_gap()) <= 1e-5 * np.maximum(1, np.abs(graph.row_totals))).all()
    labels = {graph.nodes.label[node] for node in graph.nodes_of(NodeKind.CONSTANT)}
    assert ("router_bias" in labels) == (model.mixture(0).bias is not None)
    assert "unembed_bias" not in labels


def test_its_edges_equal_the_measured_effects_of_interventions(traced):
    model, routers, dictionary, graph = traced
    model_rows = graph.rows[-len(ROUTERS) :].toarray()
    reached = np.flatnonzero(np.abs(model_rows).max(axis=0) > 0)
    sources = np.intersect1d(reached, graph.feature_nodes)
    sources = np.random.default_rng(0).choice(sources, size=24, replace=False)
    changes = [
        FeatureIntervention(
            int(graph.nodes.layer[node]),
            int(graph.nodes.index[node]),
            int(graph.nodes.position[node]),
        )
        for node in sources
    ]
    ids = np.repeat(IDS[None], len(sources) + 1, axis=0)
    intervene(model, dictionary, ids, [[], *([change] for change in changes)], DIRECT)
    measured = routers.explained(len(sources) + 1)
    measured = measured[0] - measured[1:]  # ablation takes away what the feature gave
    assert np.abs(measured).max() > 0.05
    np.testing.assert_allclose(model_rows[:, sources].T, measured, atol=1e-5, rtol=1e-3)


def test_the_graph_is_read_back_the_same(traced, tmp_path):
    *_, graph = traced
    graph.save(tmp_path / "graph.npz")
    assert AttributionGraph.load(tmp_path / "graph.npz").equals(graph)


@pytest.mark.parametrize(
    ("router", "message"),
    [
        (RouterLogit(3, 0, 0), "a layer below 3; found 3"),
        (RouterLogit(-1, 0, 0), "a layer below 3; found -1"),
        (RouterLogit(0, 4, 0), "an expert below 4; found 4"),
        (RouterLogit(0, 0, 6), "a position below 6; found 6"),
    ],
)
def test_a_target_that_is_not_there_is_refused(router, message, traced):
    model, _, dictionary, _ = traced
    with pytest.raises(BadInput, match=message):
        attribute(model, dictionary, IDS, AttributionSettings(RouterLogits((router,))))


def test_the_same_target_twice_is_refused(traced):
    model, _, dictionary, _ = traced
    twice = RouterLogits((RouterLogit(0, 0, 5), RouterLogit(0, 0, -1)))
    with pytest.raises(BadInput, match="different ones"):
        attribute(model, dictionary, IDS, AttributionSettings(twice))


def test_a_model_without_experts_has_no_router_to_explain(tiny_model):
    model = tiny_model("llama")
    target = AttributionSettings(RouterLogits((RouterLogit(1, 0, 0),)))
    with pytest.raises(BadInput, match="with experts and a router; found layer 1"):
        attribute(model, tiny_models.random_transcoders(model), IDS, target)


def test_a_router_that_does_more_than_its_weights_say_is_refused(tmp_path):
    model = tiny_models.load_model(tmp_path, "mixtral")
    router = model._bridge.blocks[1].mlp.original_component.gate
    router.register_forward_hook(lambda module, inputs, outputs: (outputs[0] ** 2, *outputs[1:]))
    dictionary = tiny_models.random_transcoders(model)
    with pytest.raises(ModelError, match="layer 1, router: .* linear"):
        attribute(
            model, dictionary, IDS, AttributionSettings(RouterLogits((RouterLogit(1, 0, 2),)))
        )
