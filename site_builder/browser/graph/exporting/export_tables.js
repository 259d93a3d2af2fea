// The graph as text for other programs: comma-separated tables, JSON, GraphML.
import { csvText } from "../../csv.js";
import { KIND_NAMES } from "../data/kinds.js";
import { FORMAT } from "../reading/own_json.js";
import { pinnedNodes } from "../state/state.js";

/** Nodes and edges to write: all, or those that are shown. `meaning` gives a node's label. */
export function contentOf({ graph, shown, edges, store, meaning, influence }, onlyShown) {
  const nodes = [...graph.arrays.kind.keys()].filter((node) => !onlyShown || shown[node]);
  const chosen = onlyShown ? [...edges].sort((first, second) => first - second) : [...graph.arrays.columns.keys()];
  return { graph, nodes, edges: chosen, state: store.state, meaning, influence };
}

export function nodesCsv({ graph, nodes, state, meaning, influence }) {
  const pinned = new Set(pinnedNodes(state));
  const { layer, position, index, value } = graph.arrays;
  const rows = nodes.map((node) => [graph.keys[node], graph.kindName(node), layer[node], position[node], graph.token(node), index[node], value[node], influence[node], meaning(node) || graph.name(node), pinned.has(node) ? 1 : 0]);
  return csvText([["node", "kind", "layer", "position", "token", "index", "value", "influence", "label", "pinned"], ...rows]);
}

export function edgesCsv({ graph, edges }) {
  const { columns, targets, weights } = graph.arrays;
  const rows = edges.map((edge) => [graph.keys[columns[edge]], graph.keys[targets[edge]], weights[edge], graph.share(edge)]);
  return csvText([["source", "target", "weight", "share"], ...rows]);
}

/** Our own JSON: columns of nodes and edges with the reader's groups, pins and labels. */
export function ownJson({ graph, nodes, edges, state, meaning }) {
  const { kind, layer, position, index, value, columns, targets, weights } = graph.arrays;
  const place = new Map(nodes.map((node, at) => [node, at]));
  const kept = (members) => members.filter((node) => place.has(node)).map((node) => place.get(node));
  const inside = edges.filter((edge) => place.has(columns[edge]) && place.has(targets[edge]));
  return JSON.stringify({
    format: FORMAT,
    version: 1,
    ...origin(graph),
    nodes: {
      kind: nodes.map((node) => KIND_NAMES[kind[node]]),
      ...Object.fromEntries(Object.entries({ layer, position, index, value }).map(([name, column]) => [name, nodes.map((node) => column[node])])),
      label: nodes.map((node) => meaning(node) || (graph.labels.get(node) ?? "")),
    },
    edges: {
      source: inside.map((edge) => place.get(columns[edge])),
      target: inside.map((edge) => place.get(targets[edge])),
      weight: inside.map((edge) => weights[edge]),
    },
    groups: state.groups.map((group) => ({ label: group.label, nodes: kept(group.nodes) })).filter((group) => group.nodes.length),
    pins: kept(state.pins),
  });
}

function origin({ about }) {
  const known = ["model", "dictionary", "prompt", "tokens", "title", "entry", "citation"];
  return Object.fromEntries(known.filter((name) => about[name] !== undefined).map((name) => [name, about[name]]));
}

/** GraphML with a key per column; control characters, which XML cannot hold, are left out. */
export function graphMl({ graph, nodes, edges, meaning, influence }) {
  const made = document.implementation.createDocument("http://graphml.graphdrawing.org/xmlns", "graphml");
  const add = (parent, name, attributes, words) => {
    const element = made.createElementNS(made.documentElement.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, plain(value));
    if (words !== undefined) element.textContent = plain(words);
    parent.append(element);
    return element;
  };
  const keys = { kind: "string", label: "string", token: "string", layer: "int", position: "int", index: "int", value: "double", influence: "double" };
  for (const [name, type] of Object.entries(keys)) add(made.documentElement, "key", { id: name, for: "node", "attr.name": name, "attr.type": type });
  for (const name of ["weight", "share"]) add(made.documentElement, "key", { id: name, for: "edge", "attr.name": name, "attr.type": "double" });
  const frame = add(made.documentElement, "graph", { id: "graph", edgedefault: "directed" });
  const kept = new Set(nodes);
  for (const node of nodes) {
    const { layer, position, index, value } = graph.arrays;
    const values = { kind: graph.kindName(node), label: meaning(node) || graph.name(node), token: graph.token(node), layer: layer[node], position: position[node], index: index[node], value: value[node], influence: influence[node] };
    const element = add(frame, "node", { id: graph.keys[node] });
    for (const [key, each] of Object.entries(values)) add(element, "data", { key }, each);
  }
  const { columns, targets, weights } = graph.arrays;
  for (const edge of edges) {
    if (!kept.has(columns[edge]) || !kept.has(targets[edge])) continue;
    const element = add(frame, "edge", { source: graph.keys[columns[edge]], target: graph.keys[targets[edge]] });
    add(element, "data", { key: "weight" }, weights[edge]);
    add(element, "data", { key: "share" }, graph.share(edge));
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(made)}`;
}

export function plain(value) {
  return String(value).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
}
