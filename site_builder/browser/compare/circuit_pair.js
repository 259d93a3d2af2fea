// Two circuits side by side: the features, edges and claims that they share, and those they do not.
import { make } from "../elements.js";
import { counted, fixed, percent } from "../numbers.js";
import { measures, pair, section } from "./layout.js";

const SHOWN = 30; // rows of a list of shared things

/** Everything about two circuits. @param {object[]} circuits what lies beside their pages @param {(path: string) => string} page */
export function circuitPair(circuits, page) {
  const [left, right] = circuits;
  const comparable = left.model === right.model && left.dictionary === right.dictionary;
  const found = comparable ? common(left, right) : null;
  return [
    pair(circuits.map((each) => head(each, page))),
    ...section("In common", "common", ...(found ? summary(left, right, found) : [apart(left, right)])),
    ...(found?.features.length ? section("Shared features", "features", featureTable(circuits, found.features, page)) : []),
    ...(found?.edges.length ? section("Shared edges", "edges", edgeTable(found.edges)) : []),
    ...section("Parts", "parts", pair(circuits.map(parts))),
    ...section("Claims", "claims", pair(circuits.map((each) => claims(each, page)))),
  ];
}

/** Features and edges that both have. */
function common(left, right) {
  const [inParts, alsoInParts] = [left, right].map((each) => partsOf(each));
  const names = new Set([...inParts.keys(), ...Object.keys(left.influence)]);
  const features = [...names].filter((name) => alsoInParts.has(name) || name in right.influence).map((name) => ({
    name,
    parts: [inParts.get(name) ?? "", alsoInParts.get(name) ?? ""],
    influence: [left.influence[name] ?? 0, right.influence[name] ?? 0],
  }));
  const least = (each) => Math.min(...each.influence);
  const most = (each) => Math.max(...each.influence);
  features.sort((a, b) => least(b) - least(a) || most(b) - most(a) || (a.name < b.name ? -1 : 1));
  const other = new Map(right.edges.map(([source, target, share]) => [`${source}>${target}`, share]));
  const edges = left.edges.filter(([source, target]) => other.has(`${source}>${target}`))
    .map(([source, target, share]) => ({ source, target, shares: [share, other.get(`${source}>${target}`)] }));
  return { features, edges, inParts: features.filter((each) => each.parts.every(Boolean)).length };
}

/** Cosine of two circuits' influence by feature, from 0 (none shared) to 1. */
function influenceCosine(left, right) {
  const size = (each) => Math.sqrt(Object.values(each.influence).reduce((sum, one) => sum + one * one, 0));
  let product = 0;
  for (const [name, one] of Object.entries(left.influence)) product += one * (right.influence[name] ?? 0);
  const whole = size(left) * size(right);
  return whole ? product / whole : 0;
}

function partsOf(circuit) {
  const found = new Map();
  for (const part of circuit.parts) for (const name of part.features) if (!found.has(name)) found.set(name, part.label);
  return found;
}

function summary(left, right, found) {
  const [some, others] = [left, right].map((each) => partsOf(each).size);
  const either = some + others - found.inParts;
  const rows = [["Features of parts in both", String(found.inParts), `Of ${some} and ${others}: Jaccard ${either ? fixed(found.inParts / either, 3) : "–"}.`]];
  if (left.prompt && right.prompt) {
    const inGraphs = found.features.filter((each) => each.influence.every(Boolean)).length;
    const sizes = [left, right].map((each) => Object.keys(each.influence).length);
    rows.push(
      ["Features in both graphs", String(inGraphs), `Of ${sizes.join(" and ")}, in the graph of ${left.prompt === right.prompt ? "one and the same prompt" : "one prompt each"}.`],
      ["Cosine of influence", fixed(influenceCosine(left, right), 3), "Of the two lists of features with their shares of influence on the answers. 1: the same features, as important."],
      ["Edges in both graphs", String(found.edges.length), `Of the ${left.edges.length} and ${right.edges.length} edges between features that matter most.`],
    );
  }
  return [measures(rows)];
}

function apart(left, right) {
  const words = left.model === right.model
    ? `They are written in two dictionaries, ${left.dictionary} and ${right.dictionary}, so a feature of one has no counterpart by number in the other.`
    : "They are of two models, which share no features. What can be compared are their parts and claims.";
  return make("p", "section-note", words);
}

function head(circuit, page) {
  const frame = make("div", "compare-head");
  const title = make("h2", "compare-title");
  const link = make("a", "", circuit.title);
  link.href = page(circuit.page);
  link.dir = "auto";
  title.append(link);
  const facts = make("p", "section-note", `${circuit.behaviour}. ${circuit.model}, ${circuit.dictionary}. Verdict: ${circuit.verdict}.`);
  facts.dir = "auto";
  frame.append(title, facts);
  return frame;
}

function featureTable([left, right], features, page) {
  const rows = features.slice(0, SHOWN).map((each) => {
    const link = make("a", "mono", each.name);
    link.href = page(`features/index.html?id=${left.model}/${left.dictionary}/${each.name}`);
    return [link, each.parts[0] || "–", each.parts[1] || "–", ...each.influence.map((one) => (one ? percent(one, 1) : "–"))];
  });
  return table(["Feature", `Part in ${left.title}`, `Part in ${right.title}`, "Influence left", "Influence right"], rows, features.length);
}

function edgeTable(edges) {
  const rows = edges.slice(0, SHOWN).map(({ source, target, shares }) => [make("span", "mono", source), make("span", "mono", target), ...shares.map(signed)]);
  return table(["From", "To", "Share of the target’s input, left", "Right"], rows, edges.length);
}

function table(titles, rows, whole) {
  const frame = make("div", "table-frame");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", titles.join(", "));
  const made = make("table", "compare-shared");
  if (whole > rows.length) made.createCaption().textContent = `The first ${rows.length} of ${whole}`;
  const numeric = (at) => (at >= titles.length - 2 ? "number" : "");
  const head = made.createTHead().insertRow();
  titles.forEach((title, at) => {
    const cell = make("th", numeric(at), title);
    cell.scope = "col";
    cell.dir = "auto";
    head.append(cell);
  });
  const body = made.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    cells.forEach((value, at) => {
      const cell = make(at ? "td" : "th", numeric(at));
      if (!at) cell.scope = "row";
      cell.dir = "auto";
      cell.append(value);
      row.append(cell);
    });
  }
  frame.append(made);
  return frame;
}

function signed(share) {
  return `${share < 0 ? "−" : "+"}${percent(Math.abs(share), 1)}`;
}

function parts(circuit) {
  const labels = new Map(circuit.parts.map((part) => [part.id, part.label]));
  const list = make("ul", "source-list");
  for (const part of circuit.parts) {
    const item = make("li", "", `${part.label} (${part.role}, ${counted(part.features.length, "feature")})`);
    item.dir = "auto";
    list.append(item);
  }
  for (const [source, target, sign] of circuit.part_edges) {
    const item = make("li", "compare-edge", `${labels.get(source) ?? source} ${sign === "positive" ? "raises" : "lowers"} ${labels.get(target) ?? target}`);
    item.dir = "auto";
    list.append(item);
  }
  return [circuit.parts.length ? list : make("p", "empty", "No parts.")];
}

function claims(circuit, page) {
  if (!circuit.claims.length) return [make("p", "empty", "No claims.")];
  const list = make("ul", "source-list");
  for (const claim of circuit.claims) {
    const item = make("li");
    const link = make("a", "", claim.statement);
    link.href = page(`${circuit.page}#claim-${claim.id}`);
    link.dir = "auto";
    item.append(link, ` (${claim.verdict})`);
    list.append(item);
  }
  return [list];
}
