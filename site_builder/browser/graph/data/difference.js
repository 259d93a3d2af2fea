// The difference of two answers as an answer of its own: its row is the one's less the other's, so
// influence, scores, links and paths are those of the logit difference.
import { ANSWER } from "./kinds.js";

/** What a reader makes of a file, with one more node for the first answer's logit less the second's. */
export function withDifference({ header, arrays }, first, second) {
  const rowOf = (node) => arrays.row_nodes.indexOf(node);
  const row = new Map();
  let lost = 0;
  for (const [node, sign] of [[first, 1], [second, -1]]) {
    const at = rowOf(node);
    if (at < 0) continue;
    lost += arrays.lost[at];
    for (let edge = arrays.row_pointers[at]; edge < arrays.row_pointers[at + 1]; edge++) {
      row.set(arrays.columns[edge], (row.get(arrays.columns[edge]) ?? 0) + sign * arrays.weights[edge]);
    }
  }
  const entries = [...row].filter(([, weight]) => weight !== 0).sort(([one], [other]) => one - other);
  const node = arrays.kind.length;
  const added = (array, value) => {
    const grown = new array.constructor(array.length + 1);
    grown.set(array);
    grown[array.length] = value;
    return grown;
  };
  const values = arrays.value.map((value, at) => (arrays.kind[at] === ANSWER ? 0 : value)); // only the difference counts
  const name = (at) => (header.labels?.[at] ?? String(arrays.index[at])).trim();
  return {
    header: { ...header, other_targets: [...(Array.isArray(header.other_targets) ? header.other_targets : []), node], labels: { ...header.labels, [node]: `${name(first)} − ${name(second)}` } },
    arrays: {
      kind: added(arrays.kind, ANSWER),
      layer: added(arrays.layer, -1),
      position: added(arrays.position, arrays.position[first]),
      index: added(arrays.index, -1),
      value: added(values, 1),
      row_nodes: wide(arrays.row_nodes, [node]),
      row_pointers: added(arrays.row_pointers, arrays.columns.length + entries.length),
      columns: wide(arrays.columns, entries.map(([source]) => source)),
      weights: Float32Array.from([...arrays.weights, ...entries.map(([, weight]) => weight)]),
      lost: added(arrays.lost, lost),
    },
  };
}

function wide(array, more) {
  const grown = new Uint32Array(array.length + more.length);
  grown.set(array);
  grown.set(more, array.length);
  return grown;
}
