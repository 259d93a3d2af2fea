// What flows from the answers down the edges, and what can be read off it: influence, scores,
// the importance of edges. The same definitions as atlas/graphs/influence.py, scores.py, prune.py
// (Ameisen et al. 2025), in a pass or two over the edges.
import { ANSWER, CONSTANT, DROPPED, TOKEN, isError, isFeature } from "./kinds.js";

const SMALLEST_SUM = 1e-10; // below this a row counts as having no input, as published

/** What each answer is worth: its probability; or, for a difference, +1 and -1 shares of it. */
export function answerWeights(arrays, chosen = null) {
  const output = new Float64Array(arrays.kind.length);
  if (chosen?.length) {
    for (const node of chosen) output[node] = 1 / chosen.length;
    return output;
  }
  arrays.kind.forEach((kind, node) => {
    if (kind === ANSWER) output[node] = arrays.value[node];
  });
  return output;
}

/** Nodes that the published definitions know: traced features, errors, tokens. */
function publishedNodes(arrays) {
  return Uint8Array.from(arrays.kind, (kind, node) => {
    if (isFeature(kind)) return arrays.rowOf[node] >= 0 ? 1 : 0;
    return kind === TOKEN || isError(kind) ? 1 : 0;
  });
}

/** Per row, the absolute sum of its weights from the nodes that `counted` marks. */
function rowSums(arrays, counted) {
  const { row_pointers: pointers, columns, weights } = arrays;
  const sums = new Float64Array(pointers.length - 1);
  for (let row = 0; row < sums.length; row++) {
    for (let edge = pointers[row]; edge < pointers[row + 1]; edge++) {
      if (counted[columns[edge]]) sums[row] += Math.abs(weights[edge]);
    }
  }
  return sums;
}

/** What arrives at each node when `output` flows down. */
function passDown(arrays, sums, output) {
  const { row_pointers: pointers, columns, weights, rowOf, order } = arrays;
  const arrived = new Float64Array(rowOf.length);
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at];
    const row = rowOf[node];
    const amount = arrived[node] + output[node];
    if (row < 0 || amount === 0 || sums[row] <= 0) continue;
    const scale = amount * Math.min(1 / sums[row], 1 / SMALLEST_SUM);
    for (let edge = pointers[row]; edge < pointers[row + 1]; edge++) arrived[columns[edge]] += scale * Math.abs(weights[edge]);
  }
  return arrived;
}

/** The published influence of every node; 0 for answers and for nodes that take no part. */
export function influence(arrays, output) {
  const included = publishedNodes(arrays);
  const arrived = passDown(arrays, rowSums(arrays, included), output);
  for (let node = 0; node < arrived.length; node++) if (!included[node]) arrived[node] = 0;
  return arrived;
}

/** How much each edge matters: its share of its target's input times the target's influence. */
export function edgeScores(arrays, reached, output) {
  const included = publishedNodes(arrays);
  const sums = rowSums(arrays, included);
  const { row_pointers: pointers, row_nodes: rowNodes, columns, weights } = arrays;
  const scores = new Float64Array(columns.length);
  for (let row = 0; row < sums.length; row++) {
    const unit = (reached[rowNodes[row]] + output[rowNodes[row]]) / Math.max(sums[row], SMALLEST_SUM);
    for (let edge = pointers[row]; edge < pointers[row + 1]; edge++) {
      if (included[columns[edge]]) scores[edge] = Math.abs(weights[edge]) * unit;
    }
  }
  return scores;
}

/**
 * Replacement and completeness as published. With `pinned`, features that are not pinned count as
 * errors: what flows into them stops there, so only the rows of answers and pins are gone through.
 */
export function scores(arrays, output, pinned = null) {
  const { rowOf, order, kind } = arrays;
  const included = publishedNodes(arrays);
  const asError = Uint8Array.from(kind, (each, node) => (isError(each) || (pinned && isFeature(each) && !pinned[node]) ? 1 : 0));
  const reached = new Float64Array(rowOf.length);
  let [fromTokens, fromErrors, weight, explained] = [0, 0, 0, 0];
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at];
    const arrived = included[node] ? reached[node] : 0;
    if (kind[node] === TOKEN) fromTokens += arrived;
    else if (asError[node]) fromErrors += arrived;
    const open = rowOf[node] >= 0 && !asError[node] && reached[node] + output[node] !== 0;
    const share = open ? passRow(arrays, node, { amount: reached[node] + output[node], included, asError, reached }) : 0;
    weight += arrived + output[node];
    explained += (arrived + output[node]) * (1 - share);
  }
  return {
    replacement: fromTokens + fromErrors > 0 ? fromTokens / (fromTokens + fromErrors) : null,
    completeness: weight > 0 ? explained / weight : null,
  };
}

// Passes what is at a node on to its sources; gives the share of its input that comes from errors.
function passRow({ rowOf, row_pointers: pointers, columns, weights }, node, { amount, included, asError, reached }) {
  const [first, end] = [pointers[rowOf[node]], pointers[rowOf[node] + 1]];
  let [sum, errors] = [0, 0];
  for (let edge = first; edge < end; edge++) {
    const source = columns[edge];
    if (!included[source]) continue;
    sum += Math.abs(weights[edge]);
    if (asError[source]) errors += Math.abs(weights[edge]);
  }
  if (sum <= 0) return 0;
  const scale = amount * Math.min(1 / sum, 1 / SMALLEST_SUM);
  for (let edge = first; edge < end; edge++) reached[columns[edge]] += scale * Math.abs(weights[edge]);
  return errors / Math.max(sum, SMALLEST_SUM);
}

/** Where all paths into the answers start: shares of tokens, errors, constants, dropped mass. */
export function strictShares(arrays, output) {
  const arrived = passDown(arrays, arrays.totals, output);
  const published = publishedNodes(arrays);
  const amounts = { tokens: 0, errors: 0, constants: 0, dropped: 0 };
  for (let node = 0; node < arrived.length; node++) {
    const kind = arrays.kind[node];
    if (kind === TOKEN) amounts.tokens += arrived[node];
    else if (isError(kind)) amounts.errors += arrived[node];
    else if (kind === CONSTANT) amounts.constants += arrived[node];
    else if (kind !== DROPPED && isFeature(kind) && !published[node]) amounts.dropped += arrived[node];
    const row = arrays.rowOf[node];
    if (row < 0) continue;
    const total = arrays.totals[row];
    amounts.dropped += (arrived[node] + output[node]) * (total > 0 ? arrays.lost[row] / total : 1);
  }
  const whole = Object.values(amounts).reduce((sum, each) => sum + each, 0) || 1;
  return Object.fromEntries(Object.entries(amounts).map(([name, each]) => [name, each / whole]));
}

/** Numbers from the largest score to the smallest; those of score 0 come last. */
export function strongestFirst(values) {
  const order = Uint32Array.from(values, (_, place) => place);
  return order.sort((first, second) => values[second] - values[first] || first - second);
}

/** The sums of the first, the first two, the first three … in an order. */
export function runningSums(values, order) {
  let sum = 0;
  return Float64Array.from(order, (place) => (sum += values[place]));
}
