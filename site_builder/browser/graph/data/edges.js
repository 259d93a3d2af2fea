// The edges of a graph as compressed rows, by target and by source, and an order in which every
// source stands before its targets. Everything is checked here, so that later code need not.
import { ANSWER, CONSTANT, DROPPED } from "./kinds.js";
import { expect } from "./problem.js";

/**
 * Adds to a file's arrays: `rowOf` (a node's row or -1), `targets` (per edge), `totals` (per row,
 * the absolute sum of all that ever led into it), `outPointers` and `outEdges` (a node's outgoing
 * edges), `order` (nodes, sources first).
 */
export function withEdges(arrays, tokenCount, where) {
  checkNodes(arrays, tokenCount, where);
  checkRows(arrays, where);
  const count = arrays.kind.length;
  const rowOf = new Int32Array(count).fill(-1);
  arrays.row_nodes.forEach((node, row) => {
    expect(rowOf[node] < 0, `${where} row_nodes`, "each node once", node);
    rowOf[node] = row;
  });
  const targets = new Int32Array(arrays.columns.length);
  const totals = new Float64Array(arrays.row_nodes.length);
  for (let row = 0; row < totals.length; row++) {
    totals[row] = arrays.lost[row];
    for (let edge = arrays.row_pointers[row]; edge < arrays.row_pointers[row + 1]; edge++) {
      targets[edge] = arrays.row_nodes[row];
      if (arrays.kind[arrays.columns[edge]] !== DROPPED) totals[row] += Math.abs(arrays.weights[edge]);
    }
  }
  const outgoing = bySource(arrays.columns, count);
  const made = { ...arrays, rowOf, targets, totals, ...outgoing };
  made.order = sourcesFirst(made, where);
  return made;
}

function checkNodes(arrays, tokenCount, where) {
  for (let node = 0; node < arrays.kind.length; node++) {
    const kind = arrays.kind[node];
    expect(kind <= 7, `${where} kind of node ${node}`, "0 to 7", kind);
    const placeless = kind === CONSTANT || kind === DROPPED || kind === ANSWER;
    const position = arrays.position[node];
    expect(position < tokenCount && position >= (placeless ? -1 : 0), `${where} position of node ${node}`, `one of ${tokenCount} tokens`, position);
    expect(Number.isFinite(arrays.value[node]), `${where} value of node ${node}`, "a number", String(arrays.value[node]));
  }
}

function checkRows({ row_pointers: pointers, row_nodes: rowNodes, columns, weights, lost, kind }, where) {
  expect(pointers.length > 0 && pointers[0] === 0, `${where} row_pointers`, "a first entry of 0", pointers[0]);
  for (let row = 1; row < pointers.length; row++) {
    expect(pointers[row] >= pointers[row - 1], `${where} row_pointers`, "ascending numbers", pointers[row]);
  }
  expect(pointers[pointers.length - 1] === columns.length, `${where} row_pointers`, `${columns.length} edges`, pointers[pointers.length - 1]);
  for (const node of rowNodes) expect(node < kind.length, `${where} row_nodes`, `nodes below ${kind.length}`, node);
  for (const node of columns) expect(node < kind.length, `${where} columns`, `nodes below ${kind.length}`, node);
  for (const weight of weights) expect(Number.isFinite(weight), `${where} weights`, "numbers", String(weight));
  for (const mass of lost) expect(Number.isFinite(mass) && mass >= 0, `${where} lost`, "numbers of 0 or more", String(mass));
}

function bySource(columns, count) {
  const outPointers = new Uint32Array(count + 1);
  for (const source of columns) outPointers[source + 1]++;
  for (let node = 0; node < count; node++) outPointers[node + 1] += outPointers[node];
  const next = outPointers.slice();
  const outEdges = new Uint32Array(columns.length);
  for (let edge = 0; edge < columns.length; edge++) outEdges[next[columns[edge]]++] = edge;
  return { outPointers, outEdges };
}

function sourcesFirst({ rowOf, row_pointers: pointers, targets, outPointers, outEdges }, where) {
  const count = rowOf.length;
  const missing = new Uint32Array(count);
  for (let node = 0; node < count; node++) {
    if (rowOf[node] >= 0) missing[node] = pointers[rowOf[node] + 1] - pointers[rowOf[node]];
  }
  const order = new Int32Array(count);
  let known = 0;
  for (let node = 0; node < count; node++) if (!missing[node]) order[known++] = node;
  for (let at = 0; at < known; at++) {
    for (let place = outPointers[order[at]]; place < outPointers[order[at] + 1]; place++) {
      const target = targets[outEdges[place]];
      if (--missing[target] === 0) order[known++] = target;
    }
  }
  expect(known === count, `${where} edges`, "a graph without cycles", `a cycle among ${count - known} nodes`);
  return order;
}
