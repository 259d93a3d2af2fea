"""What ranked traces leave out, and that it bounds what a full trace finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atlas.errors import BadInput
from atlas.graphs.graph import NodeKind
from atlas.graphs.influence import (
    absolute_rows,
    influence,
    logit_probabilities,
    pass_down,
    published_nodes,
)
from atlas.graphs.scores import score
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.ranking import fewest_to_reach
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])
PARTS = [
    AttributionSettings(max_feature_nodes=9, rows_per_step=4),
    AttributionSettings(max_feature_nodes=60),
    AttributionSettings(until=0.2, rows_per_chunk=1),
    AttributionSettings(until=0.02, rows_per_chunk=1),
]


@pytest.fixture(scope="module", params=["llama", "gpt2", "neox"])
def engine(request, tiny_model):
    model = tiny_model(request.param)
    return model, tiny_models.random_cross_layer(model, "topk")


@pytest.fixture(scope="module")
def whole(engine):
    return attribute(*engine, IDS)


def mass_of(graph):
    return graph.header.provenance["tracing"]["unvisited_mass"]


def named(graph, amounts):
    names = [graph.nodes.describe(node) for node in range(len(graph.nodes))]
    return dict(zip(names, amounts, strict=True))


def influence_so_far(graph):
    """Influence where rows are scaled by all that they had, untraced features included."""
    rows = absolute_rows(graph, published_nodes(graph))
    rows = replace(rows, row_sums=rows.row_sums + graph.lost_mass)
    return pass_down(rows, logit_probabilities(graph))


def walks_that_meet(graph, avoided):
    """P(a walk down the full graph meets a node of `avoided`), on dense matrices."""
    nodes = graph.nodes
    published = nodes.kind <= NodeKind.TOKEN
    absolute = np.abs(graph.rows.toarray()) * published
    steps = np.zeros((len(nodes), len(nodes)))
    steps[graph.row_nodes] = absolute / absolute.sum(axis=1, keepdims=True)
    at = np.where(nodes.kind == NodeKind.LOGIT, nodes.value, 0.0)
    at, met = at / at.sum(), 0.0
    for _ in range(6):
        at = at @ steps
        met += at[avoided].sum()
        at[avoided] = 0
    return met


@pytest.mark.parametrize("settings", PARTS)
def test_the_mass_is_the_share_of_paths_that_pass_an_untraced_feature(settings, engine, whole):
    part = attribute(*engine, IDS, settings)
    kept = {part.nodes.describe(int(node)) for node in part.feature_nodes}
    avoided = [node for node in whole.feature_nodes if whole.nodes.describe(int(node)) not in kept]
    assert len(avoided) > 0
    assert mass_of(part) == pytest.approx(walks_that_meet(whole, avoided), abs=1e-6)


@pytest.mark.parametrize("settings", PARTS)
def test_it_bounds_what_a_full_trace_finds_missing(settings, engine, whole):
    part = attribute(*engine, IDS, settings)
    total = logit_probabilities(whole).sum()
    full = named(whole, influence(whole) / total)
    found = named(part, influence_so_far(part) / total)
    compared = np.flatnonzero(part.nodes.kind <= NodeKind.TOKEN)
    names = [part.nodes.describe(int(node)) for node in compared]
    missing = np.array([full[name] - found[name] for name in names])
    assert missing.min() > -1e-6
    assert missing.max() <= mass_of(part) + 1e-6
    leaves = part.nodes.kind[compared] != NodeKind.FEATURE
    assert missing[leaves].sum() == pytest.approx(mass_of(part), abs=1e-5)
    assert score(part).dropped_share <= mass_of(part) + 1e-6


def test_rows_are_added_until_the_bound_holds(engine):
    by_bound = [
        attribute(*engine, IDS, AttributionSettings(until=bound, rows_per_chunk=1))
        for bound in (0.3, 0.1, 0.01)
    ]
    for bound, graph in zip((0.3, 0.1, 0.01), by_bound, strict=True):
        assert 0 < mass_of(graph) <= bound
        assert graph.header.settings["until"] == bound
        assert np.abs(graph.closure_gap()).max() < 1e-5
    sizes = [len(graph.feature_nodes) for graph in by_bound]
    assert sizes == sorted(set(sizes))


def test_the_number_of_rows_wins_over_the_bound(engine):
    settings = AttributionSettings(max_feature_nodes=12, until=0.001)
    graph = attribute(*engine, IDS, settings)
    assert len(graph.feature_nodes) == 12
    assert mass_of(graph) > 0.001
    assert graph.header.provenance["tracing"]["traced_features"] == 12


def test_a_bound_of_zero_traces_all_that_influence_reaches(engine, whole):
    graph = attribute(*engine, IDS, AttributionSettings(until=0.0))
    assert mass_of(graph) == 0
    assert len(graph.feature_nodes) == np.count_nonzero(influence(whole)[whole.feature_nodes])
    assert mass_of(whole) == 0


def test_the_fewest_rows_that_can_reach_a_share():
    waiting = np.array([0.1, -1.0, 0.4, 0.3, 0.0])
    assert fewest_to_reach(0.8, waiting) == 0
    assert fewest_to_reach(0.5, waiting) == 1
    assert fewest_to_reach(0.2, waiting) == 2
    assert fewest_to_reach(0.0, waiting) == 3
    assert fewest_to_reach(0.0, np.array([-1.0, 0.0])) == 0


def test_a_bound_must_be_a_share():
    with pytest.raises(BadInput, match="a share from 0 to below 1; found 1"):
        AttributionSettings(until=1.0)
