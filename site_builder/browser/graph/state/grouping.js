// Groups of nodes made by a rule: by token, by label, or as the entry's parts.
import { isFeature } from "../data/kinds.js";
import { withoutNodes } from "./state.js";

/** Groups and pins after these nodes were put together by "token", "label" or "part". */
export function groupedBy(rule, nodes, state, graph, meaning) {
  if (rule === "part") return byPart(nodes, state, graph);
  const sets = new Map();
  for (const node of nodes) {
    const name = rule === "token" ? tokenName(graph, node) : meaning(node);
    if (!name || !isFeature(graph.kind(node))) continue;
    sets.set(name, [...(sets.get(name) ?? []), node]);
  }
  const made = [...sets].filter(([, members]) => members.length > 1).map(([label, members]) => ({ label: rule === "token" ? label.slice(label.indexOf(" ") + 1) : label, nodes: members, part: -1 }));
  const taken = made.flatMap((group) => group.nodes);
  return {
    groups: [...withoutNodes(state.groups, taken), ...made],
    pins: state.pins.filter((node) => !taken.includes(node)),
  };
}

// The position is part of the name, since a prompt may repeat a token.
function tokenName(graph, node) {
  return graph.arrays.position[node] < 0 ? "" : `${graph.arrays.position[node]} at “${graph.token(node)}”`;
}

function byPart(nodes, state, graph) {
  const wanted = new Set(nodes);
  const made = graph.parts
    .map((part, number) => ({ label: part.label, nodes: part.nodes.filter((node) => wanted.has(node)), part: number }))
    .filter((group) => group.nodes.length);
  const taken = made.flatMap((group) => group.nodes);
  return {
    groups: [...made, ...withoutNodes(state.groups, taken)],
    pins: state.pins.filter((node) => !taken.includes(node)),
  };
}
