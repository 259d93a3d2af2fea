// What is pinned, as items: a part or a node each, and the links between them.
import { partLetter } from "../data/graph.js";
import { markedGroups } from "../state/state.js";

const SMALLEST = 0.004; // shares of links below this are left out
const MOST = 200; // items

/** One item per group and per pinned node. */
export function itemsOf(graph, state) {
  const hidden = new Set(state.hidden);
  const items = markedGroups(state, graph).map((group) => ({
    nodes: group.nodes.filter((node) => !hidden.has(node)),
    part: group.part,
    letter: partLetter(group.mark),
    className: `card-part part-${group.mark % 8 + 1}`,
    name: group.label || `part ${partLetter(group.mark)}`,
    place: `${group.nodes.length} ${group.nodes.length === 1 ? "node" : "nodes"}${graph.token(group.nodes[0]) ? ` at “${graph.token(group.nodes[0])}”` : ""}`,
  }));
  for (const node of state.pins) {
    if (hidden.has(node)) continue;
    const meaning = state.labels.get(node) || graph.givenMeaning(node);
    items.push({
      nodes: [node],
      kind: graph.kind(node),
      className: "",
      name: meaning || graph.name(node),
      place: [meaning ? graph.name(node) : "", graph.where(node).trim()].filter(Boolean).join(" "),
    });
  }
  const kept = items.filter((item) => item.nodes.length).slice(0, MOST);
  for (const item of kept) item.words = `${item.letter ? `part ${item.letter}: ` : ""}${item.name}${item.place ? `, ${item.place}` : ""}`;
  return kept;
}

/** Shares of a target item's input that come from a source item, by the targets' influence alike. */
export function linksBetween(items, graph) {
  const itemOf = new Map(items.flatMap((item, at) => item.nodes.map((node) => [node, at])));
  const shares = new Map();
  items.forEach((item, target) => {
    for (const node of item.nodes) {
      const row = graph.arrays.rowOf[node];
      if (row < 0) continue;
      for (let edge = graph.arrays.row_pointers[row]; edge < graph.arrays.row_pointers[row + 1]; edge++) {
        const source = itemOf.get(graph.arrays.columns[edge]);
        if (source === undefined || source === target) continue;
        const name = source * items.length + target;
        shares.set(name, (shares.get(name) ?? 0) + graph.share(edge) / item.nodes.length);
      }
    }
  });
  return [...shares]
    .map(([name, share]) => ({ source: items[Math.floor(name / items.length)], target: items[name % items.length], share }))
    .filter((link) => Math.abs(link.share) >= SMALLEST)
    .sort((first, second) => Math.abs(first.share) - Math.abs(second.share));
}
