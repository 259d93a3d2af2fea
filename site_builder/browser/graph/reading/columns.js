// Columns of nodes and a list of links, as readers of foreign files find them, made into the arrays
// that a graph is built from.
import { ANSWER, isFeature } from "../data/kinds.js";
import { expect } from "../data/problem.js";

/** `nodes` are {kind, layer, position, index, value}; links are {source, target, weight} by node. */
export function arraysOf(nodes, links, where) {
  const rows = nodes.flatMap(({ kind }, node) => (isFeature(kind) || kind === ANSWER ? [node] : []));
  const rowOf = new Map(rows.map((node, row) => [node, row]));
  const sorted = [...links].sort((first, second) => first.target - second.target || first.source - second.source);
  const pointers = new Uint32Array(rows.length + 1);
  for (const { target } of sorted) {
    expect(rowOf.has(target), `${where} links`, "a feature or an answer as target", `node ${target}`);
    pointers[rowOf.get(target) + 1]++;
  }
  for (let row = 0; row < rows.length; row++) pointers[row + 1] += pointers[row];
  const column = (Type, name) => Type.from(nodes, (node) => node[name]);
  return {
    kind: column(Uint8Array, "kind"),
    layer: column(Int16Array, "layer"),
    position: column(Int32Array, "position"),
    index: column(Int32Array, "index"),
    value: column(Float32Array, "value"),
    row_nodes: Uint32Array.from(rows),
    row_pointers: pointers,
    columns: Uint32Array.from(sorted, (link) => link.source),
    weights: Float32Array.from(sorted, (link) => link.weight),
    lost: new Float32Array(rows.length),
  };
}
