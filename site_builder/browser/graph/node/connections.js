// The inputs or outputs of a node, the strongest first, as shares of their target's input or as weights;
// grouped by token, or each with the heads that it goes through, where the reader wants it.
import { make, svg } from "../../elements.js";
import { counted, number, signed, signedPercent } from "../../numbers.js";
import { partLetter } from "../data/graph.js";
import { glyphIcon } from "../link_view/glyphs.js";
import { button, foreign } from "../pieces.js";
import { markedGroups } from "../state/state.js";

const ROWS = 10;
const MORE = 100; // rows that each "show more" adds
const BAR = 64; // pixels: the strongest of the list
const SMALLEST_WAY = 0.0005; // of the target's input: what is shown as 0.1 % at least
const HINTS = {
  token: "Add up what comes from each token’s column",
  head: "Say which attention heads carry each edge: the first step after its source. The parts sum to the edge",
};
const IN_WEIGHTS = "Weights in the unit of their target, a pre-activation or a logit, in place of shares of its input";
const WORDS = {
  inputs: { title: "Inputs", none: "Nothing was traced into it." },
  outputs: { title: "Outputs", none: "Nothing in this graph reads it." },
};

export function connectionList(panel, node, which) {
  const { explorer } = panel;
  const unit = unitOf(panel);
  const strongest = explorer.links.linksOf(node)[which]; // by their shares
  const edges = panel.inWeights ? [...strongest].sort((first, second) => Math.abs(unit.of(second)) - Math.abs(unit.of(first))) : strongest;
  const frame = make("section", "connections");
  const heading = make("h3", "", WORDS[which].title);
  if (edges.length) heading.append(make("span", "count", ` ${counted(edges.length, "edge")}`));
  frame.append(heading);
  if (!edges.length) {
    frame.append(make("p", "panel-empty", WORDS[which].none));
    return frame;
  }
  const { graph } = explorer;
  heading.append(modeSwitch(panel, node, "token"), modeSwitch(panel, node, "head"), unitSwitch(panel, node));
  if (panel.by === "token") {
    frame.append(tokenRows(explorer, edges, { which, unit }));
    return frame;
  }
  const largest = Math.abs(unit.of(edges[0])) || 1e-9;
  const rows = Math.min(edges.length, ROWS + panel.lengths[which] * MORE);
  const list = make("ul", "connection-list");
  const groups = new Map(markedGroups(explorer.store.state, graph).flatMap((group) => group.nodes.map((each) => [each, group.mark])));
  for (const edge of edges.slice(0, rows)) {
    const item = make("li");
    item.append(connectionRow(explorer, { edge, which, largest, groups, unit }));
    if (panel.by === "head") item.append(ways(panel, edge));
    list.append(item);
  }
  frame.append(list);
  if (rows < edges.length) {
    frame.append(button(`Show ${Math.min(MORE, edges.length - rows)} more`, () => {
      panel.lengths[which]++;
      panel.show(node);
    }, "tool quiet-tool"));
  }
  return frame;
}

function modeSwitch(panel, node, mode) {
  const made = button(`by ${mode}`, () => panel.list(node, mode), "tool quiet-tool list-mode", HINTS[mode]);
  made.setAttribute("aria-pressed", String(panel.by === mode));
  return made;
}

function unitSwitch(panel, node) {
  const change = () => {
    panel.inWeights = !panel.inWeights;
    panel.show(node);
  };
  const made = button("weights", change, "tool quiet-tool list-mode", IN_WEIGHTS);
  made.setAttribute("aria-pressed", String(panel.inWeights));
  return made;
}

/** How much an edge is, and how that is written. */
function unitOf({ explorer, inWeights }) {
  const { graph } = explorer;
  return inWeights ? { of: (edge) => graph.arrays.weights[edge], written: signed } : { of: (edge) => graph.share(edge), written: signedPercent };
}

// The ways of one edge in a line, as shares that sum to the edge's; what rounds to nothing is left out.
function ways({ explorer, heads }, edge) {
  const found = heads.of(explorer.graph, edge);
  if (found === null) return make("p", "edge-ways", "not split by head");
  const told = found.filter(({ share }) => Math.abs(share) >= SMALLEST_WAY).map(({ way, share }) => `${way} ${signedPercent(share)}`);
  return make("p", "edge-ways", told.join(" · ") || "too small to split");
}

// One row for each column of the graph; nodes without a place add up to one of their own.
function tokenRows(explorer, edges, { which, unit }) {
  const { graph } = explorer;
  const sums = new Map();
  for (const edge of edges) {
    const other = graph.arrays[which === "inputs" ? "columns" : "targets"][edge];
    const position = graph.arrays.position[other];
    const found = sums.get(position) ?? { amount: 0, nodes: [], position };
    found.amount += unit.of(edge);
    found.nodes.push(other);
    sums.set(position, found);
  }
  const rows = [...sums.values()].sort((first, second) => Math.abs(second.amount) - Math.abs(first.amount));
  const largest = Math.abs(rows[0].amount) || 1e-9;
  const list = make("ul", "connection-list");
  for (const { amount, nodes, position } of rows) {
    const item = make("li");
    const row = button("", () => explorer.choose(nodes), "connection", "Choose these nodes");
    const words = position < 0 ? "constants and dropped mass" : `“${graph.tokens[position]}”`;
    row.append(make("span", "token-number", position < 0 ? "" : String(position)), foreign(`${words}, ${counted(nodes.length, "node")}`, "name"), bar(amount, largest), make("span", "share", unit.written(amount)));
    item.append(row);
    list.append(item);
  }
  return list;
}

function connectionRow(explorer, { edge, which, largest, groups, unit }) {
  const { graph } = explorer;
  const other = which === "inputs" ? graph.arrays.columns[edge] : graph.arrays.targets[edge];
  const share = graph.share(edge);
  const row = button("", () => explorer.select(other, true), "connection");
  row.dataset.node = other;
  if (groups.has(other)) row.append(make("span", `part-key part-${groups.get(other) % 8 + 1}`, partLetter(groups.get(other))));
  else row.append(glyphIcon(graph.kind(other)));
  const words = explorer.named(other);
  const name = foreign(words, "name");
  name.title = words;
  const amount = make("span", "share", unit.written(unit.of(edge)));
  amount.title = `${share >= 0 ? "raises" : "lowers"} the target; weight ${number(graph.arrays.weights[edge])}, ${signedPercent(share)} of its input`;
  row.append(name, bar(unit.of(edge), largest), amount);
  row.addEventListener("pointerenter", () => explorer.links.hover(other));
  row.addEventListener("pointerleave", () => explorer.links.hover(null));
  return row;
}

function bar(amount, largest) {
  const width = Math.max(1, (BAR * Math.abs(amount)) / largest);
  const frame = svg("svg", { class: "bar", width: BAR, height: 8, "aria-hidden": "true" });
  frame.append(svg("rect", { class: amount >= 0 ? "bar-positive" : "bar-negative", x: BAR - width, width, height: 8, rx: 2 }));
  return frame;
}
