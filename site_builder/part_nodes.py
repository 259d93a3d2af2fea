"""Where a circuit's parts are in its graph, and how strongly the graph links them.

Read off one prompt's graph, so this illustrates the circuit and is never evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int
from scipy.sparse import csr_array, identity
from scipy.sparse.linalg import spsolve

from atlas.entries.circuit import Circuit, ExpectedEdge, Part
from atlas.entries.prompts import PromptRow
from atlas.graphs.graph import AttributionGraph, NodeKind

WORD_MARKS = "\u0120\u2581 \t\n"  # how tokenizers write the space before a word
FOUND_SHARE = 0.01  # of a target's input, over all paths: below this an edge counts as absent


def other_targets(graph: AttributionGraph) -> list[int]:
    """The answers that are no token: differences, features, directions, routers."""
    return [node for node in graph.logit_nodes.tolist() if not graph.is_token(node)]


@dataclass(frozen=True)
class FoundEdge:
    """An expected edge beside what the graph of the drawn prompt shows."""

    source: str
    target: str
    sign: str  # expected
    direct: float  # signed share of the target's input that comes directly from the source
    over_paths: float  # the same over all paths

    @property
    def found(self) -> bool:
        """Whether the graph has the edge, over all paths, with the expected sign."""
        wanted = 1.0 if self.sign == "positive" else -1.0
        return wanted * self.over_paths >= FOUND_SHARE


def part_nodes(
    graph: AttributionGraph, circuit: Circuit, row: PromptRow | None
) -> dict[str, Int[np.ndarray, " node"]]:
    """For each part, the nodes of the graph that are its features at its position."""
    entities = row.entities if row else {}
    return {part.id: nodes_of_part(graph, part, entities) for part in circuit.parts}


def nodes_of_part(
    graph: AttributionGraph, part: Part, entities: Mapping[str, str]
) -> Int[np.ndarray, " node"]:
    """The feature nodes of one part; those of its key's value where the part is keyed."""
    wanted = {(each.layer, each.index) for each in part.features_for(entities)}
    positions = positions_of(graph, part, entities)
    nodes = graph.nodes
    chosen = [
        int(node)
        for node in graph.feature_nodes
        if (int(nodes.layer[node]), int(nodes.index[node])) in wanted
        and (positions is None or int(nodes.position[node]) in positions)
    ]
    return np.array(chosen, dtype=np.int64)


def positions_of(
    graph: AttributionGraph, part: Part, entities: Mapping[str, str]
) -> set[int] | None:
    """The positions at which a part acts in the graph's prompt; None for any."""
    place, count = part.position, len(graph.header.tokens)
    if place.kind == "last":
        return {count - 1}
    if place.kind == "index" and place.index is not None:
        return {place.index % count if count else place.index}
    if place.kind == "entity":
        return entity_positions(graph.header.tokens, entities.get(place.entity, "")) or None
    return None


def entity_positions(tokens: tuple[str, ...], entity: str) -> set[int]:
    """Where the last token of an entity stands; empty if the prompt does not spell it."""
    plain = [token.strip(WORD_MARKS) for token in tokens]
    wanted = "".join(entity.split())
    found = set()
    for last in range(len(plain)):
        spelled = ""
        for first in range(last, -1, -1):
            spelled = plain[first] + spelled
            if spelled == wanted and wanted:
                found.add(last)
            if len(spelled) >= len(wanted):
                break
    return found


def signed_shares(graph: AttributionGraph) -> csr_array:
    """Each row divided by all that ever led into its target, as a square matrix [target, source].

    What pruning took away counts by its absolute sum, so shares of a pruned graph are not larger.
    """
    rows = csr_array(graph.rows, dtype=np.float64)
    known = (graph.nodes.kind != NodeKind.DROPPED).astype(np.float64)
    sums = np.asarray(abs(rows) @ known).reshape(-1) + graph.lost_mass
    scale = np.divide(1.0, sums, out=np.zeros(len(sums)), where=sums > 0)
    counts = np.diff(rows.indptr)
    size = len(graph.nodes)
    targets = np.repeat(graph.row_nodes, counts)
    weights = rows.data * np.repeat(scale, counts)
    return csr_array((weights, (targets, rows.indices)), shape=(size, size))


def expected_edges(
    graph: AttributionGraph,
    circuit: Circuit,
    members: Mapping[str, Int[np.ndarray, " node"]],
    measured: Mapping[tuple[str, str], float] | None = None,
) -> list[FoundEdge]:
    """Every expected edge with its direct share and its share over all paths.

    `measured` are direct shares read off the whole graph, where the one given here is pruned.
    """
    shares = signed_shares(graph)
    flows = {part: path_shares(shares, weights_of(graph, nodes)) for part, nodes in members.items()}
    found = []
    for edge in circuit.edges:
        targets = weights_of(graph, members[edge.target])
        sources = members[edge.source]
        direct = float((shares.T @ targets)[sources].sum()) if len(sources) else 0.0
        direct = (measured or {}).get((edge.source, edge.target), direct)
        over_paths = float(flows[edge.target][sources].sum()) if len(sources) else 0.0
        found.append(FoundEdge(edge.source, edge.target, edge.sign, direct, over_paths))
    return found


def weights_of(
    graph: AttributionGraph, nodes: Int[np.ndarray, " member"]
) -> Float64[np.ndarray, " node"]:
    """A weight for each node of a part, by its activation; they sum to 1 where there are any."""
    weights = np.zeros(len(graph.nodes))
    weights[nodes] = np.abs(graph.nodes.value[nodes])
    total = weights.sum()
    if total > 0:
        weights /= total
    return weights


def path_shares(
    shares: csr_array, targets: Float64[np.ndarray, " node"]
) -> Float64[np.ndarray, " node"]:
    """What each node sends into the targets over all paths: targets (S + S² + …)."""
    system = (identity(shares.shape[0], format="csc") - shares.T).tocsc()
    flow: np.ndarray = np.asarray(spsolve(system, targets), dtype=np.float64).reshape(-1)
    flow -= targets
    return flow


def answer_shares(
    graph: AttributionGraph, members: Mapping[str, Int[np.ndarray, " node"]]
) -> dict[str, float]:
    """What each part sends into the most likely answer over all paths, as a signed share."""
    logits = graph.nodes_of(NodeKind.LOGIT)
    if not len(logits):
        return dict.fromkeys(members, 0.0)
    best = logits[int(np.argmax(graph.nodes.value[logits]))]
    output = np.zeros(len(graph.nodes))
    output[best] = 1.0
    flow = path_shares(signed_shares(graph), output)
    return {part: float(flow[nodes].sum()) for part, nodes in members.items()}


def edge_of(circuit: Circuit, source: str, target: str) -> ExpectedEdge | None:
    """The expected edge between two parts, if the entry has one."""
    return next((e for e in circuit.edges if (e.source, e.target) == (source, target)), None)
