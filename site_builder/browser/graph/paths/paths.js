// Paths through a graph. A path's strength is the product of its edges' absolute shares, its sign
// the product of their signs; the strongest come first.
const MOST_STEPS = 40; // edges: no real path is longer than layers and attention allow

/**
 * The strongest paths from any of `sources` to `target`, as {edges, strength} in the order of the
 * signal. Every node keeps its k best ways on, found once from the target down (sources first in
 * `arrays.order`), so the k best of all are among them. `through` limits them to one node.
 */
export function strongestPaths(arrays, { sources, target, most = 10, through = null, allowed = null }) {
  if (through !== null && through !== target && !sources.includes(through)) {
    const before = bestWays(arrays, { target: through, most, allowed });
    const after = bestWays(arrays, { target, most, allowed })[through] ?? [];
    const heads = sources.flatMap((source) => before[source] ?? []).sort(byStrength).slice(0, most);
    const joined = heads.flatMap((head) => after.map((tail) => ({ edges: [...read(head), ...read(tail)], strength: head.strength * tail.strength })));
    return joined.sort(byStrength).slice(0, most);
  }
  const starts = through !== null && sources.includes(through) ? [through] : sources;
  const ways = bestWays(arrays, { target, most, allowed });
  return starts
    .flatMap((source) => ways[source] ?? [])
    .filter((way) => way.edge >= 0)
    .sort(byStrength)
    .slice(0, most)
    .map((way) => ({ edges: read(way), strength: way.strength }));
}

// Per node the strongest ways to the target: chains {edge, next, strength}, made by going through
// the nodes against the signal.
function bestWays({ rowOf, row_pointers: pointers, columns, weights, totals, order }, { target, most, allowed }) {
  const ways = [];
  ways[target] = [{ edge: -1, next: null, strength: 1, length: 0 }];
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at];
    const row = rowOf[node];
    if (!ways[node] || row < 0 || totals[row] <= 0 || (allowed && !allowed[node])) continue;
    for (let edge = pointers[row]; edge < pointers[row + 1]; edge++) {
      const source = columns[edge];
      if (allowed && !allowed[source]) continue;
      const share = Math.abs(weights[edge]) / totals[row];
      if (share > 0) offer(ways, source, { edge, share, from: ways[node] }, most);
    }
  }
  return ways;
}

// Adds the ways that go on from here to a node's, which stay sorted and few.
function offer(ways, source, { edge, share, from }, most) {
  const kept = ways[source] ?? (ways[source] = []);
  for (const next of from) {
    const strength = share * next.strength;
    if (next.length >= MOST_STEPS || (kept.length === most && strength <= kept[most - 1].strength)) break;
    let place = kept.length;
    while (place > 0 && kept[place - 1].strength < strength) place--;
    kept.splice(place, 0, { edge, next, strength, length: next.length + 1 });
    if (kept.length > most) kept.pop();
  }
}

function read(way) {
  const edges = [];
  for (let at = way; at.edge >= 0; at = at.next) edges.push(at.edge);
  return edges;
}

function byStrength(first, second) {
  return second.strength - first.strength;
}

/** All nodes that lead to a node ("ancestors") or are led to ("descendants"), over shown edges. */
export function relatives(arrays, node, which, usable) {
  const { rowOf, row_pointers: pointers, columns, targets, outPointers, outEdges } = arrays;
  const seen = new Set([node]);
  const waiting = [node];
  while (waiting.length) {
    const here = waiting.pop();
    const row = rowOf[here];
    const edges = [];
    if (which === "descendants") edges.push(...outEdges.subarray(outPointers[here], outPointers[here + 1]));
    else if (row >= 0) for (let edge = pointers[row]; edge < pointers[row + 1]; edge++) edges.push(edge);
    for (const edge of edges) {
      const end = which === "descendants" ? targets[edge] : columns[edge];
      if (!usable[edge] || seen.has(end)) continue;
      seen.add(end);
      waiting.push(end);
    }
  }
  seen.delete(node);
  return [...seen];
}
