from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.given_up import given_up_mass
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import influence
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.targets import GivenTokens, SalientTokens, TokenDifference
from atlas.models.coders import SparseAutoencoder
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.sites import Site
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])


def dense(graph):
    """Rows by (layer, position, index) of the target and columns by node description."""
    names = [graph.nodes.describe(node) for node in range(len(graph.nodes))]
    matrix = graph.rows.toarray()
    return {
        names[node]: dict(zip(names, matrix[row], strict=True))
        for row, node in enumerate(graph.row_nodes)
    }


def test_text_and_token_ids_give_the_same_graph(model, dictionary):
    text = "w1 w5 w3 w9 w2"
    first = attribute(model, dictionary, text)
    second = attribute(model, dictionary, model.tokenize(text).ids)
    assert first.header.prompt == text
    assert first.nodes.equals(second.nodes)
    assert (first.rows != second.rows).nnz == 0
    assert first.header.tokens == ("<bos>", "w1", "w5", "w3", "w9", "w2")


def test_no_edge_comes_from_the_same_or_a_later_layer_or_a_later_position(model, dictionary):
    graph = attribute(model, dictionary, IDS)
    nodes, edges = graph.nodes, graph.edges
    to_feature = nodes.kind[edges.targets] == NodeKind.FEATURE
    written = nodes.kind[edges.sources] <= NodeKind.ERROR
    both = to_feature & written
    assert (nodes.layer[edges.sources][both] < nodes.layer[edges.targets][both]).all()
    assert (nodes.position[edges.sources] <= nodes.position[edges.targets]).all()
    # All that is allowed is there: random weights have no accidental zeros.
    sources = nodes.kind == NodeKind.FEATURE
    for row, node in enumerate(graph.row_nodes[:5]):
        earlier = sources & (nodes.layer < nodes.layer[node])
        earlier &= nodes.position <= nodes.position[node]
        assert (graph.rows[[row]].toarray()[0, earlier] != 0).all()


def test_the_row_of_a_difference_is_the_difference_of_the_rows(model, dictionary):
    both = attribute(model, dictionary, IDS, AttributionSettings(GivenTokens(("w3", "w7"))))
    one = attribute(model, dictionary, IDS, AttributionSettings(TokenDifference("w3", "w7")))
    rows = both.rows.toarray()[-2:]
    logits, difference = both.logit_nodes, one.logit_nodes
    expected = np.delete(rows[0] - rows[1], logits)
    found = np.delete(one.rows.toarray()[-1], difference)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert one.nodes.label[difference[0]] == "w3 − w7"  # noqa: RUF001  a minus sign
    assert both.row_totals is not None
    assert one.row_totals is not None
    total = both.row_totals[-2] - both.row_totals[-1]
    np.testing.assert_allclose(one.row_totals[-1], total, atol=1e-5)


def test_salient_targets_reach_the_probability_mass(model, dictionary):
    probabilities = model.logits(torch.from_numpy(IDS)[None])[0, -1].softmax(-1).numpy()
    graph = attribute(model, dictionary, IDS, AttributionSettings(SalientTokens(0.3, 20)))
    found = graph.nodes.value[graph.logit_nodes]
    expected = np.sort(probabilities)[::-1][: len(found)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found.sum() >= 0.3 > found[:-1].sum()
    few = attribute(model, dictionary, IDS, AttributionSettings(SalientTokens(0.99, 2)))
    assert len(few.logit_nodes) == 2


def published_choice(graph, count, step):
    """The published way to choose features, on dense matrices of the whole graph."""
    nodes, features = graph.nodes, len(graph.feature_nodes)
    known = nodes.kind <= NodeKind.TOKEN
    rows = np.abs(graph.rows.toarray()) * known
    rows = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-8)
    chosen: list[int] = []
    while len(chosen) < count:
        matrix = np.zeros((len(nodes), len(nodes)))
        for row, node in enumerate(graph.row_nodes):
            if nodes.kind[node] == NodeKind.LOGIT or node in chosen:
                matrix[node] = rows[row]
        flow = np.where(nodes.kind == NodeKind.LOGIT, nodes.value, 0.0)
        total = np.zeros(len(nodes))
        for _ in range(8):
            flow = flow @ matrix
            total += flow
        total[chosen] = -1
        order = np.argsort(-total[:features], kind="stable")
        chosen += order[: min(step, count - len(chosen))].tolist()
    return sorted(chosen)


def test_the_most_influential_features_are_traced_step_by_step(model, dictionary):
    whole = attribute(model, dictionary, IDS)
    settings = AttributionSettings(max_feature_nodes=50, rows_per_step=20)
    part = attribute(model, dictionary, IDS, settings)
    expected = [whole.nodes.describe(node) for node in published_choice(whole, 50, 20)]
    found = [part.nodes.describe(int(node)) for node in part.feature_nodes]
    assert found == expected


def test_what_was_not_traced_is_dropped_mass_and_rows_stay_closed(model, dictionary):
    whole = dense(attribute(model, dictionary, IDS))
    part = attribute(model, dictionary, IDS, AttributionSettings(max_feature_nodes=50))
    rows = dense(part)
    for row, (target, weights) in enumerate(rows.items()):
        lost = [weight for source, weight in whole[target].items() if source not in weights]
        np.testing.assert_allclose(weights["dropped mass"], sum(lost), atol=1e-5)
        absolute = np.abs(lost).sum()
        np.testing.assert_allclose(part.lost_mass[row], absolute, atol=1e-5)
        for source, weight in weights.items():
            if source != "dropped mass":
                assert abs(weight - whole[target][source]) < 2e-6
    assert np.abs(part.closure_gap()).max() < 1e-5


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("family", tiny_models.LAYOUTS)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_prompts_and_shallow_models_work(length, family, layers, tiny_model):
    model = tiny_model(family, layers)
    dictionary = tiny_models.random_transcoders(model)
    graph = attribute(model, dictionary, IDS[:length])
    assert np.abs(graph.closure_gap()).max() < 1e-5
    assert len(graph.nodes_of(NodeKind.TOKEN)) == length
    assert len(graph.nodes_of(NodeKind.ERROR)) == layers * (length - 1)
    assert (len(graph.feature_nodes) > 0) == (length > 1)


def test_the_header_says_how_the_graph_was_made(model, dictionary):
    settings = AttributionSettings(GivenTokens(("w3",)), max_feature_nodes=20)
    header = attribute(model, dictionary, IDS, settings).header
    assert header.dictionary == "random"
    assert header.settings["target"] == {
        "kind": "GivenTokens",
        "tokens": ("w3",),
        "positions": (-1,),
    }
    assert header.settings["max_feature_nodes"] == 20
    assert header.provenance["dtype"] == "float32"
    assert set(header.provenance["versions"]) >= {"torch", "transformer-lens"}


def test_progress_is_told(model, dictionary):
    told = []
    settings = AttributionSettings(max_feature_nodes=50, rows_per_step=20)
    graph = attribute(model, dictionary, IDS, settings, lambda done, total: told.append(done))
    assert told == sorted(told)
    assert told[-1] == len(graph.row_nodes)


def test_what_cannot_be_traced_is_refused(model, dictionary):
    with pytest.raises(BadInput, match="1 to 32 tokens"):
        attribute(model, dictionary, np.zeros(0, dtype=np.int64))
    with pytest.raises(BadInput, match="found 33"):
        attribute(model, dictionary, np.zeros(33, dtype=np.int64))
    with pytest.raises(ModelError, match="unknown word"):
        attribute(model, dictionary, IDS, AttributionSettings(GivenTokens(("elephant",))))
    with pytest.raises(BadInput, match="two different tokens"):
        attribute(model, dictionary, IDS, AttributionSettings(TokenDifference("w3", 6)))
    with pytest.raises(BadInput, match="max_feature_nodes"):
        AttributionSettings(max_feature_nodes=0)


def test_dictionaries_that_do_not_fit_are_refused(model, dictionary, tiny_model):
    two_layers = TranscoderSet("short", Site.MLP_INPUT, Site.MLP_OUTPUT, dictionary.layers[:2])
    with pytest.raises(ModelError, match="each of 3 layers"):
        attribute(model, two_layers, IDS)
    coder = dictionary.layers[0]
    fields = (coder.W_enc, coder.b_enc, coder.W_dec, coder.b_dec, coder.activation)
    residual = SparseAutoencoderSet(
        "residual", Site.RESIDUAL_AFTER, Site.RESIDUAL_AFTER, {1: SparseAutoencoder(*fields)}
    )
    with pytest.raises(ModelError, match="not exact"):
        attribute(model, residual, IDS)


def test_a_dictionary_without_active_features_is_refused(model, dictionary):
    from dataclasses import replace

    silent = replace(
        dictionary,
        layers=tuple(replace(coder, b_enc=coder.b_enc - 1e3) for coder in dictionary.layers),
    )
    with pytest.raises(ModelError, match="at least one active feature"):
        attribute(model, silent, IDS)


@pytest.mark.parametrize("activation", ["topk", "gated"])
def test_margins_of_traced_features_are_kept_where_a_total_does_not_tell(
    activation, tiny_model, tmp_path
):
    model = tiny_model("llama")
    coders = tiny_models.random_transcoders(model, activation)
    graph = attribute(model, coders, IDS, AttributionSettings(max_feature_nodes=9))
    inputs = model.run(
        torch.from_numpy(IDS)[None], read=[(coders.feature_input, layer) for layer in range(3)]
    ).values
    nodes = graph.nodes
    for row, node in enumerate(graph.row_nodes[:9]):
        layer, position, index = int(nodes.layer[node]), nodes.position[node], nodes.index[node]
        coder = coders.coder(layer)
        pre = coder.pre_activations(inputs[coders.feature_input, layer][0, position])
        expected = float(coder.activation.margin(pre)[index])
        assert graph.row_margins[row] == pytest.approx(expected, abs=1e-5)
    assert graph.row_margins[9:].tolist() == [0.0] * len(graph.logit_nodes)
    graph.save(tmp_path / "graph.npz")
    again = AttributionGraph.load(tmp_path / "graph.npz")
    assert again.equals(graph)
    kept = np.ones(len(nodes), dtype=bool)
    kept[graph.feature_nodes[0]] = False
    assert np.array_equal(again.subgraph(kept).row_margins, graph.row_margins[1:])


def test_a_fixed_threshold_leaves_no_margins(tiny_model):
    model = tiny_model("llama")
    graph = attribute(model, tiny_models.random_transcoders(model, "jumprelu"), IDS)
    assert graph.row_margins is None


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.999])
def test_rows_that_give_up_small_weights_stay_closed_and_hold_their_share(keep, model, dictionary):
    whole = attribute(model, dictionary, IDS)
    part = attribute(model, dictionary, IDS, AttributionSettings(keep=keep))
    assert np.abs(part.closure_gap()).max() < 1e-4
    assert part.rows.nnz < whole.rows.nnz
    counted = whole.nodes.kind <= NodeKind.TOKEN
    before = np.abs(whole.rows.toarray()[:, counted])
    after = np.abs(part.rows.toarray()[:, part.nodes.kind <= NodeKind.TOKEN])
    assert (after.sum(1) >= keep * before.sum(1) * (1 - 1e-6)).all()
    np.testing.assert_allclose(after.sum(1) + part.given_up, before.sum(1), rtol=1e-5)
    # What is kept is what was there, and none of it is smaller than what was given up.
    np.testing.assert_allclose(after, np.where(after > 0, before, 0), rtol=1e-6)
    largest_lost = np.where(after > 0, 0, before).max(1)
    smallest_kept = np.where(after > 0, after, np.inf).min(1)
    assert (largest_lost < smallest_kept).all()
    constants = [graph.rows.toarray()[:, graph.nodes_of(NodeKind.CONSTANT)]
                 for graph in (whole, part)]  # fmt: skip
    np.testing.assert_array_equal(*constants)


def test_the_header_tells_what_rows_gave_up_and_nothing_where_they_gave_up_nothing(
    model, dictionary
):
    whole = attribute(model, dictionary, IDS, AttributionSettings(keep=1.0))
    part = attribute(model, dictionary, IDS, AttributionSettings(keep=0.9))
    assert part.header.settings["keep"] == 0.9
    assert part.header.provenance["tracing"]["given_up_mass"] == given_up_mass(part) > 0
    assert "keep" not in whole.header.settings
    assert "given_up_mass" not in whole.header.provenance["tracing"]
    assert whole.given_up is None


def test_a_ranked_trace_of_sparse_rows_stays_within_its_bound(model, dictionary):
    # Both with the same features, so that only what rows gave up lies between them.
    part = attribute(model, dictionary, IDS, AttributionSettings(max_feature_nodes=40, keep=0.8))
    whole = attribute(model, dictionary, IDS)
    kept = {part.nodes.describe(node) for node in range(len(part.nodes))}
    same = whole.subgraph(
        np.array([whole.nodes.describe(node) in kept for node in range(len(whole.nodes))])
    )
    exact = dict(named_influence(same))
    off = max(abs(exact[name] - amount) for name, amount in named_influence(part))
    assert off <= given_up_mass(part) * part.nodes.value[part.logit_nodes].sum() * (1 + 1e-5)


def named_influence(graph):
    """The influence of every feature, error and token with its name."""
    names = (graph.nodes.describe(node) for node in range(len(graph.nodes)))
    known = zip(names, influence(graph), graph.nodes.kind <= NodeKind.TOKEN, strict=True)
    return [(name, amount) for name, amount, wanted in known if wanted]


@pytest.mark.parametrize("keep", [0.0, -0.1, 1.1])
def test_a_share_to_keep_that_is_none_is_refused(keep):
    with pytest.raises(BadInput, match="keep"):
        AttributionSettings(keep=keep)
