// Search inside a graph: words must all be found in a node's name, meaning, kind or token;
// layer:3, token:Dallas, kind:error and label:capital look in one of them only.
import { isPlaced } from "../data/kinds.js";

const FIELDS = ["layer", "token", "kind", "label"];

/** The placed nodes that a query means, the most influential first. */
export function findNodes(graph, query, meaning, influence) {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean).map(readTerm);
  if (!terms.length) return [];
  const found = [];
  for (let node = 0; node < graph.count; node++) {
    if (isPlaced(graph.kind(node)) && terms.every((term) => matches(graph, node, term, meaning))) found.push(node);
  }
  return found.sort((first, second) => influence[second] - influence[first] || first - second);
}

function readTerm(word) {
  const at = word.indexOf(":");
  const field = word.slice(0, Math.max(at, 0));
  return FIELDS.includes(field) && at + 1 < word.length ? { field, word: word.slice(at + 1) } : { field: null, word };
}

function matches(graph, node, { field, word }, meaning) {
  const { layer } = graph.arrays;
  switch (field) {
    case "layer":
      return layer[node] >= 0 && String(layer[node]) === word;
    case "token":
      return graph.token(node).toLowerCase().includes(word);
    case "kind":
      return graph.kindName(node).includes(word);
    case "label":
      return meaning(node).toLowerCase().includes(word);
    default:
      return [graph.name(node), meaning(node), graph.token(node), graph.kindName(node)].some((text) => text.toLowerCase().includes(word));
  }
}
