// The panel under a graph: what the picked node is, and what its strongest inputs and outputs are.
import { make, svg } from "../elements.js";
import { automaticWords } from "../features/labels.js";

const ROWS = 8;
const BAR = 88; // pixels: the strongest of the list

export function drawPanel(view, node) {
  const { panel } = view;
  if (node === null) {
    panel.replaceChildren(make("p", "panel-empty", "Nothing to show."));
    return;
  }
  const lists = make("div", "panel-lists");
  lists.append(linkList(view, node, "inputs"), linkList(view, node, "outputs"));
  panel.replaceChildren(head(view.graph, node), facts(view.graph, node), ...dashboard(view.graph, node), lists);
}

function head(graph, node) {
  const line = make("p", "panel-head");
  const part = graph.parts[graph.part[node]];
  if (part) line.append(make("span", `part-key ${part.class}`, part.letter));
  const meaning = make("span", "", graph.meaning(node) || capital(graph.name(node)));
  meaning.dir = "auto";
  line.append(meaning);
  return line;
}

function facts(graph, node) {
  const line = make("p", "panel-facts");
  const kind = graph.kinds[graph.kind[node]];
  if (kind === "feature") {
    line.append("feature ", make("span", "mono", graph.name(node)), `, layer ${graph.layer[node]}${graph.where(node)}, activation ${number(graph.value[node])}`);
    const page = graph.known(node)?.page;
    if (page) {
      const link = make("a", "", "open its page");
      link.href = page;
      line.append(" · ", link);
    }
  } else if (kind === "answer") {
    line.append(graph.other_targets.includes(node) ? "what this graph explains" : `next token, probability ${number(graph.value[node])}`);
  } else if (kind === "error") {
    line.append(`what the dictionary missed${graph.where(node)}`);
  } else if (kind === "token") {
    line.append(`token ${graph.position[node]} of the prompt`);
  } else {
    line.append("has no place in the prompt");
  }
  return line;
}

function dashboard(graph, node) {
  const known = graph.known(node);
  if (known?.automatic) {
    const label = make("p", "panel-facts");
    label.append(automaticWords(known.automatic));
    return [label];
  }
  if (!known?.example) return [];
  const line = make("p", "tokens panel-example");
  line.dir = "auto";
  const [tokens, shades, peak] = known.example;
  tokens.forEach((token, at) => {
    const shade = shades[at] ? ` heat-${shades[at]}` : "";
    line.append(at ? " " : "", make("span", `token${shade}${at === peak ? " token-peak" : ""}`, token));
  });
  if (!known.promoted?.length) return [line];
  const raised = make("p", "panel-facts", `raises: ${known.promoted.join(", ")}`);
  raised.dir = "auto";
  return [line, raised];
}

function linkList(view, node, which) {
  const { graph } = view;
  const edges = (which === "inputs" ? graph.inputs : graph.outputs).get(node) ?? [];
  const frame = make("div");
  frame.append(make("h3", "", which === "inputs" ? "Strongest inputs" : "Strongest outputs"));
  if (!edges.length) frame.append(make("p", "panel-empty", which === "inputs" ? "Nothing was traced into it." : "Nothing that is shown reads it."));
  const largest = Math.max(...edges.slice(0, ROWS).map((edge) => Math.abs(graph.share[edge])), 1e-9);
  for (const edge of edges.slice(0, ROWS)) frame.append(linkRow(view, edge, which, largest));
  return frame;
}

function linkRow(view, edge, which, largest) {
  const { graph } = view;
  const other = which === "inputs" ? graph.source[edge] : graph.target[edge];
  const share = graph.share[edge];
  const row = make("button", "panel-row");
  row.type = "button";
  const part = graph.parts[graph.part[other]];
  const meaning = graph.meaning(other);
  const words = `${part ? `${part.letter} · ` : ""}${meaning ? `${meaning} (${graph.name(other)})` : graph.name(other)}${graph.where(other)}`;
  const name = make("span", "name", words);
  name.dir = "auto";
  name.title = words;
  const width = Math.max(1, (BAR * Math.abs(share)) / largest);
  const bar = svg("svg", { width: BAR, height: 8, "aria-hidden": "true" });
  bar.append(svg("rect", { class: share >= 0 ? "bar-positive" : "bar-negative", width: width.toFixed(1), height: 8, rx: 2 }));
  const sign = share >= 0 ? "+" : "−";
  const amount = make("span", "share", `${sign}${(100 * Math.abs(share)).toFixed(1)} %`);
  amount.title = `${share >= 0 ? "raises" : "lowers"} the target; weight ${number(graph.weight[edge])}`;
  row.append(name, bar, amount);
  row.disabled = !graph.drawn(other);
  row.addEventListener("click", () => {
    view.pinned = null;
    view.pick(other);
  });
  return row;
}

function number(value) {
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
