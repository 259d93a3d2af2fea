// What a graph foretells of an intervention: changes of activations are passed on along the edges,
// with attention, norms and which features are active held as they are in the prompt.
import { isFeature } from "./kinds.js";

/** What a graph foretells of a claim's intervention, in the claim's unit; null where it cannot. */
export function foretold(graph, claim) {
  if (!claim.comparable) return null;
  const parts = new Map(graph.parts.map((each) => [each.id, each.nodes]));
  const steps = claim.steps.map((step) => ({ ...step, nodes: parts.get(step.part) ?? [] }));
  return predictedChange(graph.arrays, steps, graph.bestAnswer());
}

/**
 * The change of an answer, in its unit, when `steps` [{nodes, action, factor, value}] are made.
 * With f the change of a node's activation a as a share of it, a feature that is not changed itself
 * has f = Σ weight · f(source) / a, and the answer changes by Σ weight · f(source). Null where a
 * step cannot be foretold from one prompt.
 */
export function predictedChange(arrays, steps, answer) {
  const wanted = new Map();
  for (const { nodes, action, factor, value } of steps) {
    for (const node of nodes) {
      const now = wanted.get(node) ?? arrays.value[node];
      const next = { ablate: 0, scale: now * factor, set: value, add: now + value }[action];
      if (!Number.isFinite(next)) return null;
      wanted.set(node, next);
    }
  }
  if (!wanted.size) return null;
  const change = new Float64Array(arrays.kind.length);
  for (const node of arrays.order) {
    const activation = arrays.value[node];
    if (wanted.has(node)) change[node] = activation ? (wanted.get(node) - activation) / activation : 0;
    else if (node === answer) return arriving(arrays, node, change);
    else if (isFeature(arrays.kind[node]) && activation > 0) change[node] = arriving(arrays, node, change) / activation;
  }
  return null;
}

function arriving({ rowOf, row_pointers: pointers, columns, weights }, node, change) {
  const row = rowOf[node];
  let sum = 0;
  if (row >= 0) for (let edge = pointers[row]; edge < pointers[row + 1]; edge++) sum += weights[edge] * change[columns[edge]];
  return sum;
}
