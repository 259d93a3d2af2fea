// Which nodes and edges are shown: those that carry the wanted share of influence, less what is
// hidden by hand. What is left out is counted, so that it can be said.
import { TOKEN, isError, isPlaced } from "../data/kinds.js";
import { pinnedNodes } from "./state.js";

const MOST_DRAWN = 20000; // edges at once
const NODE_SHARES = [1, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
const EDGE_SHARES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];
const COMFORTABLE_NODES = 6000;
const COMFORTABLE_EDGES = 400;

/** The shares to start with: the largest that leave a picture which can be read. */
export function restingShares(whole) {
  const fits = (shares, sums, most) => shares.find((share) => countFor(sums, share) <= most) ?? shares[shares.length - 1];
  return {
    nodes: fits(NODE_SHARES, whole.nodeSums, COMFORTABLE_NODES),
    edges: fits(EDGE_SHARES, whole.edgeSums, COMFORTABLE_EDGES),
  };
}

/** How many of the strongest hold a share of the whole, from their running sums; all for 1. */
function countFor(sums, share) {
  if (share >= 1) return sums.length;
  const wanted = share * (sums[sums.length - 1] ?? 0);
  let [low, high] = [0, sums.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return wanted > 0 ? low + 1 : 0;
}

/** Marks of the shown nodes, and how many nodes and how much influence are left out. */
export function shownNodes(graph, whole, state) {
  const { kind } = graph.arrays;
  const shown = new Uint8Array(graph.count);
  const count = countFor(whole.nodeSums, state.nodeShare);
  for (let at = 0; at < count; at++) shown[whole.nodeOrder[at]] = 1;
  for (let node = 0; node < graph.count; node++) {
    if (kind[node] === TOKEN) shown[node] = 1;
    if (!isPlaced(kind[node]) || (!state.errors && isError(kind[node]))) shown[node] = 0;
  }
  for (const node of graph.answers) shown[node] = 1;
  for (const node of pinnedNodes(state)) if (isPlaced(kind[node])) shown[node] = 1;
  for (const node of state.hidden) shown[node] = 0;
  return { shown, ...summed(graph, whole, shown) };
}

function summed(graph, whole, shown) {
  let [nodes, placed, held] = [0, 0, 0];
  for (let node = 0; node < graph.count; node++) {
    if (!isPlaced(graph.arrays.kind[node])) continue;
    placed++;
    nodes += shown[node];
    if (shown[node]) held += whole.influence[node];
  }
  const all = whole.nodeSums[whole.nodeSums.length - 1];
  return { nodes, placed, influence: all > 0 ? held / all : 1 };
}

/** The edges to draw, weakest first, and what share of all edges' importance they carry. */
export function shownEdges(graph, whole, state, shown) {
  const { columns, targets } = graph.arrays;
  const count = countFor(whole.edgeSums, state.edgeShare);
  const pinned = state.links === "pinned" ? new Set(pinnedNodes(state)) : null;
  const chosen = [];
  for (let at = 0; at < count && chosen.length < MOST_DRAWN; at++) {
    const edge = whole.edgeOrder[at];
    if (!shown[columns[edge]] || !shown[targets[edge]] || state.links === "near") continue;
    if (state.sign !== "both" && (graph.arrays.weights[edge] > 0) !== (state.sign === "raising")) continue;
    if (pinned && !(pinned.has(columns[edge]) && pinned.has(targets[edge]))) continue;
    chosen.push(edge);
  }
  const total = whole.edgeSums[whole.edgeSums.length - 1] ?? 0;
  const held = chosen.reduce((sum, edge) => sum + whole.edgeScore[edge], 0);
  return { edges: Uint32Array.from(chosen.reverse()), importance: total > 0 ? held / total : 1, capped: chosen.length === MOST_DRAWN };
}
