"""Paths, ancestors and differences of answers in the explorer, against the engine's numbers."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from atlas.graphs.graph import AttributionGraph, NodeKind
from site_builder.part_nodes import signed_shares
from tests.browser.explorer import ADDRESS, opened, place_of, the_graph

pytestmark = pytest.mark.browser


def all_paths(graph: AttributionGraph, target: int) -> dict[tuple[int, ...], float]:
    """The strength of every path from a token with at most seven edges, very weak ones left out."""
    shares = abs(signed_shares(graph).toarray())  # [target, source]
    found: dict[tuple[int, ...], float] = {}
    waiting = [((target,), 1.0)]
    for _ in range(7):
        longer = []
        for nodes, strength in waiting:
            for source in np.flatnonzero(shares[nodes[0]]):
                way = ((int(source), *nodes), strength * shares[nodes[0], source])
                if graph.nodes.kind[source] == NodeKind.TOKEN:
                    found[way[0]] = way[1]
                elif way[1] > 1e-4:
                    longer.append(way)
        waiting = longer
    return found


def strongest(page: Page, wanted: dict) -> list[dict]:
    """What the worker finds: nodes and strength of each path."""
    ask = """async (wanted) => {
      const { columns, targets } = graphExplorer.graph.arrays;
      const paths = await graphExplorer.worker.ask('paths', { wanted });
      return paths.map(({ edges, strength }) =>
        ({ nodes: [columns[edges[0]], ...edges.map((edge) => targets[edge])], strength }));
    }"""
    return page.evaluate(ask, wanted)


def test_the_strongest_paths_are_those_of_a_full_search(visit):
    page, graph = opened(visit), the_graph()
    target = int(graph.logit_nodes[0])
    sources = graph.nodes_of(NodeKind.TOKEN).tolist()
    every = all_paths(graph, target)
    best = sorted(every.items(), key=lambda item: -item[1])[:8]
    found = strongest(page, {"sources": sources, "target": target, "most": 8})
    assert [tuple(path["nodes"]) for path in found] == [nodes for nodes, _ in best]
    assert [path["strength"] for path in found] == pytest.approx([s for _, s in best], rel=1e-5)
    through = best[-1][0][1]
    if graph.nodes.kind[through] == NodeKind.LOGIT:
        through = int(graph.feature_nodes[-1])
    wanted = {"sources": sources, "target": target, "most": 5, "through": through}
    kept = sorted((item for item in every.items() if through in item[0]), key=lambda i: -i[1])
    found = strongest(page, wanted)
    assert [tuple(path["nodes"]) for path in found[:3]] == [nodes for nodes, _ in kept[:3]]


def test_a_path_is_shown_kept_and_shared(visit):
    page = opened(visit)
    page.get_by_role("tab", name="Paths").click()
    first = page.locator(".path").first
    first.click()
    expect(page.locator(".path").first).to_have_attribute("aria-pressed", "true")
    edges = page.evaluate("graphExplorer.path")
    assert edges
    page.wait_for_timeout(350)
    again = opened(visit, page.url.split("/", 3)[3])
    assert again.evaluate("graphExplorer.path") == edges


def test_what_leads_to_a_node_is_chosen_over_the_shown_edges(visit):
    page, graph = opened(visit, f"{ADDRESS}#edges=1"), the_graph()
    page.mouse.click(*place_of(page, "4-81@8"))
    page.get_by_role("tab", name="Paths").click()
    node = page.evaluate("graphExplorer.store.state.selected")
    reach = abs(signed_shares(graph).toarray()) > 0
    placed = ~np.isin(graph.nodes.kind, (NodeKind.CONSTANT, NodeKind.DROPPED))
    reach &= placed[None, :]
    for words, step in (("Choose what leads to it", reach), ("Choose what it leads to", reach.T)):
        page.get_by_role("button", name=words).click()
        wanted = {node}
        while True:
            more = wanted | set(np.flatnonzero(step[sorted(wanted)].any(axis=0)).tolist())
            if more == wanted:
                break
            wanted = more
        assert set(page.evaluate("graphExplorer.chosen")) == wanted - {node}


def test_the_difference_of_two_answers_has_the_difference_of_their_rows(visit):
    page, graph = opened(visit), the_graph()
    page.get_by_role("tab", name="Paths").click()
    page.get_by_role("button", name="Look at the difference").click()
    expect(page.locator(".shown-words")).to_be_visible()
    page.wait_for_function("graphExplorer.graph !== graphExplorer.base")
    page.get_by_role("tab", name="Node").click()
    expect(page.locator(".node-title")).to_contain_text("Austin − Sacramento")
    facts = page.locator(".node-pane .panel-facts").first
    expect(facts).to_contain_text("what this graph explains")
    first, second = (graph.row_of(int(node)) for node in graph.logit_nodes[:2])
    row = (graph.rows[[first]] - graph.rows[[second]]).toarray().reshape(-1)
    weights = """() => {
      const { graph, links } = graphExplorer;
      const { inputs } = links.linksOf(graph.count - 1);
      return inputs.map((edge) => [graph.arrays.columns[edge], graph.arrays.weights[edge]]);
    }"""
    for source, weight in itertools.islice(page.evaluate(weights), 20):
        assert weight == pytest.approx(row[source], rel=1e-4, abs=1e-6)
    page.wait_for_timeout(350)
    again = opened(visit, page.url.split("/", 3)[3])
    expect(again.locator(".node-title")).to_contain_text("Austin − Sacramento")
    again.get_by_role("tab", name="Paths").click()
    again.get_by_role("button", name="Back to the answers").click()
    again.wait_for_function("graphExplorer.graph === graphExplorer.base")
    again.get_by_role("tab", name="Node").click()
    expect(again.locator(".node-pane .panel-facts").first).to_contain_text("next token")


def test_what_a_graph_foretells_is_the_linear_response_of_its_rows(visit):
    page, graph = opened(visit), the_graph()
    node, answer = 12, int(graph.logit_nodes[0])
    kinds, values = graph.nodes.kind, graph.nodes.value.astype(np.float64)
    matrix = np.zeros((len(graph.nodes), len(graph.nodes)))
    matrix[graph.row_nodes] = graph.rows.toarray()
    change = np.zeros(len(graph.nodes))  # of the activation, as a share
    order = np.argsort(np.where(kinds == NodeKind.LOGIT, 99, graph.nodes.layer), kind="stable")
    for each in order:
        if kinds[each] == NodeKind.FEATURE:
            change[each] = -1 if each == node else matrix[each] @ change / values[each]
    wanted = float(matrix[answer] @ change)
    ask = """async ([node, answer, action]) => {
      const { predictedChange } = await import('../assets/graph/data/prediction.js');
      const steps = [{ nodes: [node], action, factor: 0, value: 0 }];
      return predictedChange(graphExplorer.graph.arrays, steps, answer);
    }"""
    for action in ("ablate", "scale", "set"):
        assert page.evaluate(ask, [node, answer, action]) == pytest.approx(wanted, rel=1e-4)
    assert page.evaluate(ask, [node, answer, "add"]) == 0
    assert page.evaluate(ask, [node, answer, "set_from_partner"]) is None


def test_measured_effects_stand_beside_a_part(visit):
    page = opened(visit)
    page.mouse.click(*place_of(page, "2-117@7"))
    section = page.locator(".connections", has_text="Measured in the model")
    expect(section).to_contain_text("prompts")
    expect(section).to_contain_text("verdict on the claim")
    page.evaluate("graphExplorer.select(graphExplorer.graph.byKey.get('t5@2'))")
    expect(section).to_have_count(0)


def test_foretold_and_measured_effects_stand_on_links_to_the_answer(visit):
    page = opened(visit)
    change = """async () => {
      const { foretold } = await import('../assets/graph/data/prediction.js');
      const { graph, subgraph } = graphExplorer;
      const step = (part) => ({ part, action: 'ablate', factor: null, value: null });
      const [one, other] = graph.parts.map((part) => part.id);
      const claim = (...parts) => ({
        intervention: '<b>off</b>', steps: parts.map(step), metric: 'logit', unit: 'logits',
        rows: 240, change: -0.7, interval: [-0.73, -0.66], comparable: true, verdict: 'supported',
      });
      graph.claims = [claim(one), claim(one, other), { ...claim(other), comparable: false }];
      subgraph.show();
      return graph.claims.slice(0, 2).map((each) => foretold(graph, each));
    }"""
    foretold = page.evaluate(change)
    effects = page.locator(".subgraph .effect")
    expect(effects).to_have_count(2)
    for number, links in enumerate((1, 2)):
        effect = effects.nth(number)
        expect(effect.locator("path")).to_have_count(links)
        words = effect.locator("text").text_content().replace("\u2212", "-")
        told, measured = (float(each) for each in re.findall(r"[-+]?[\d.]+", words))
        assert told == pytest.approx(foretold[number], rel=0.01)
        assert measured == -0.7
        expect(effect.locator("title")).to_contain_text("<b>off</b>")
    page.evaluate("graphExplorer.store.change({ groups: [] })")
    expect(effects).to_have_count(0)
