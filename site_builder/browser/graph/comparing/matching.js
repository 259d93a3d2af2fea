// Which nodes of two graphs are the same: the same kind, layer, index and position; or, where the
// prompts differ, the same feature at the nearest position that is still free.
import { TOKEN, isFeature, isPlaced } from "../data/kinds.js";

/** For every node of `one` its counterpart in `other`, or -1. */
export function matchNodes(one, other, anyPosition = false) {
  const match = Int32Array.from(one.keys, (key) => other.byKey.get(key) ?? -1);
  if (!anyPosition) return match;
  const taken = new Set(match);
  const places = new Map();
  for (let node = 0; node < other.count; node++) {
    if (taken.has(node) || !isFeature(other.kind(node))) continue;
    const name = `${other.kind(node)} ${other.name(node)}`;
    places.set(name, [...(places.get(name) ?? []), node]);
  }
  for (let node = 0; node < one.count; node++) {
    const free = match[node] < 0 ? places.get(`${one.kind(node)} ${one.name(node)}`) : null;
    if (!free?.length) continue;
    const far = (each) => Math.abs(other.arrays.position[each] - one.arrays.position[node]);
    const nearest = free.reduce((best, each) => (far(each) < far(best) ? each : best));
    match[node] = nearest;
    free.splice(free.indexOf(nearest), 1);
  }
  return match;
}

/** How alike two graphs are: shared placed nodes and features, edges, and the edges that differ most. */
export function compareGraphs(one, other, match, most) {
  const placed = (graph) => [...graph.keys.keys()].filter((node) => isPlaced(graph.kind(node)) && graph.kind(node) !== TOKEN);
  const features = (graph) => [...graph.keys.keys()].filter((node) => isFeature(graph.kind(node)));
  const shared = (nodes) => nodes.filter((node) => match[node] >= 0).length;
  const edges = sharedEdges(one, other, match);
  return {
    nodes: { shared: shared(placed(one)), one: placed(one).length, other: placed(other).length },
    features: { shared: shared(features(one)), one: features(one).length, other: features(other).length },
    edges: { shared: edges.filter((edge) => edge.here !== 0 && edge.there !== 0).length, one: one.edgeCount, other: other.edgeCount },
    correlation: correlation(edges),
    largest: edges.sort((first, second) => Math.abs(second.here - second.there) - Math.abs(first.here - first.there)).slice(0, most),
  };
}

// Edges whose two ends are in both graphs; the share is 0 where a graph lacks the edge.
function sharedEdges(one, other, match) {
  const back = new Map([...match].flatMap((there, here) => (there >= 0 ? [[there, here]] : [])));
  const found = new Map();
  const note = (source, target, side, share) => {
    const name = source * one.count + target;
    const edge = found.get(name) ?? { source, target, here: 0, there: 0 };
    edge[side] = share;
    found.set(name, edge);
  };
  for (let edge = 0; edge < one.edgeCount; edge++) {
    const [source, target] = [one.arrays.columns[edge], one.arrays.targets[edge]];
    if (match[source] >= 0 && match[target] >= 0) note(source, target, "here", one.share(edge));
  }
  for (let edge = 0; edge < other.edgeCount; edge++) {
    const [source, target] = [back.get(other.arrays.columns[edge]), back.get(other.arrays.targets[edge])];
    if (source !== undefined && target !== undefined) note(source, target, "there", other.share(edge));
  }
  return [...found.values()];
}

/** Pearson's correlation of the shares in both graphs; null where there is too little to say. */
function correlation(edges) {
  if (edges.length < 3) return null;
  const mean = (side) => edges.reduce((sum, edge) => sum + edge[side], 0) / edges.length;
  const [here, there] = [mean("here"), mean("there")];
  let [product, first, second] = [0, 0, 0];
  for (const edge of edges) {
    product += (edge.here - here) * (edge.there - there);
    first += (edge.here - here) ** 2;
    second += (edge.there - there) ** 2;
  }
  return first > 0 && second > 0 ? product / Math.sqrt(first * second) : null;
}
