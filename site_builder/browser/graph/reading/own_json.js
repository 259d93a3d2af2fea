// Reads the JSON of columns that the explorer itself exports.
import { KIND_NAMES } from "../data/kinds.js";
import { expect } from "../data/problem.js";
import { arraysOf } from "./columns.js";

export const FORMAT = "llm-circuits-atlas graph columns";

export function readOwnJson(values, where) {
  expect(values.version === 1, `${where} version`, "1", values.version);
  const columns = values.nodes ?? {};
  const names = ["kind", "layer", "position", "index", "value", "label"];
  for (const name of names) expect(Array.isArray(columns[name]) && columns[name].length === columns.kind.length, `${where} nodes.${name}`, "a column as long as the others", typeof columns[name]);
  const nodes = columns.kind.map((kind, at) => {
    expect(KIND_NAMES.includes(kind), `${where} nodes.kind[${at}]`, KIND_NAMES.join(", "), kind);
    return { kind: KIND_NAMES.indexOf(kind), layer: columns.layer[at], position: columns.position[at], index: columns.index[at], value: columns.value[at] };
  });
  const { source, target, weight } = values.edges ?? {};
  const sound = [source, target, weight].every((column) => Array.isArray(column) && column.length === source.length);
  expect(sound, `${where} edges`, "columns source, target and weight", typeof values.edges);
  const inside = (node) => Number.isInteger(node) && node >= 0 && node < nodes.length;
  const links = source.map((each, at) => {
    expect(inside(each) && inside(target[at]), `${where} edges[${at}]`, `nodes below ${nodes.length}`, [each, target[at]]);
    return { source: each, target: target[at], weight: weight[at] };
  });
  const labels = Object.fromEntries(columns.label.flatMap((label, at) => (label ? [[at, label]] : [])));
  const { groups, pins } = values;
  return { header: { ...values, nodes: undefined, edges: undefined, labels, parts: groups, pins }, arrays: arraysOf(nodes, links, where), repairs: [] };
}
