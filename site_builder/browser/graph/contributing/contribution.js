// What a reader has made of a graph as a draft entry: groups and pins become parts, links between
// them expected edges, labels a list in the story. The text passes `atlas check` in a library that
// has the model, once there is a file for its prompts.
import { FEATURE, isFeature } from "../data/kinds.js";
import { linksBetween } from "../subgraph/items.js";

const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu; // characters that the check refuses
const LONGEST = 300; // characters of a line
const LONGEST_ID = 64;
const LONGEST_STORY = 15000;
const FOUND_SHARE = 0.01; // of the target's input: weaker links are no expected edges
export const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;
export const HANDLE = /^[A-Za-z0-9](-?[A-Za-z0-9])*$/;

/** The text of a circuit.yaml; `who` has id, title, name, handle; `today` is a date. */
export function circuitYaml(explorer, who, today) {
  const { graph } = explorer;
  const about = graph.about.contribute ?? {};
  const parts = partsOf(explorer);
  const lines = [
    "# yaml-language-server: $schema=../../schema/circuit.schema.json",
    "schema_version: 1",
    `id: ${who.id}`,
    `title: ${quoted(who.title || "TODO: a short title", 100)}`,
    `summary: ${quoted("TODO: what the circuit does and how it is known, in 50 to 600 characters of plain text.")}`,
    ...story(explorer),
    `domain: ${about.domain ?? "language-structure"}  # a term of vocabulary/domains.yaml`,
    `behaviour: ${about.behaviour ?? "subject-verb-agreement"}  # a term of vocabulary/behaviours.yaml`,
    `languages: [${(about.languages ?? ["en"]).join(", ")}]`,
    `model: ${slugOf(graph.about.model, "model")}`,
    `dictionary: ${slugOf(graph.about.dictionary, "dictionary")}`,
    "lifecycle: draft",
    `created: "${today}"`,
    "licence: CC-BY-4.0",
    "curators:",
    `  - {name: ${quoted(who.name || "TODO: your name")}, handle: ${quoted(HANDLE.test(who.handle) ? who.handle : "your-handle")}}`,
    "prompts: {file: prompts.jsonl}",
    `target: ${about.target ?? "answer"}`,
    ...(parts.length ? ["parts:", ...parts.flatMap(partLines)] : ["parts: []"]),
    ...edgeLines(parts, graph),
    "interventions: []",
    "claims: []",
    "notebook: {name: circuit}",
  ];
  return `${lines.join("\n")}\n`;
}

/** One row of a prompts.jsonl: the graph's own prompt, on which the parts were chosen. */
export function promptsJsonl(explorer, id) {
  const { graph } = explorer;
  const best = graph.bestAnswer();
  const target = plain(best === null ? "" : graph.labels.get(best) ?? "").trim() || "TODO";
  const text = plain(graph.about.prompt ?? "").trim() || "TODO";
  return `${JSON.stringify({ id: `${id}-0`.slice(0, 100), split: "discovery", text, target, template: text.slice(0, 100).trim() })}\n`;
}

// Groups, then each pinned feature by itself; only features can stand in an entry.
function partsOf(explorer) {
  const { graph, store } = explorer;
  const { state } = store;
  const features = (nodes) => nodes.filter((node) => graph.kind(node) === FEATURE);
  const made = [
    ...state.groups.map((group) => ({ label: group.label, nodes: features(group.nodes), known: graph.parts[group.part]?.id })),
    ...state.pins.filter((node) => graph.kind(node) === FEATURE).map((node) => ({ label: explorer.meaning(node) || graph.name(node), nodes: [node] })),
  ].filter((part) => part.nodes.length);
  const taken = new Set();
  for (const part of made) {
    part.id = freeId(part.known || slugOf(part.label, "part"), taken);
    part.position = positionOf(part.nodes, graph);
    part.features = [...new Set(part.nodes.map((node) => graph.name(node)))];
    part.role = role(part, graph);
  }
  return made;
}

function freeId(wanted, taken) {
  let id = wanted;
  for (let number = 2; taken.has(id); number++) id = `${wanted.slice(0, LONGEST_ID - 4).replace(/-+$/, "")}-${number}`;
  taken.add(id);
  return id;
}

function positionOf(nodes, graph) {
  const places = [...new Set(nodes.map((node) => graph.arrays.position[node]))];
  if (places.length > 1) return "any";
  return places[0] === graph.tokens.length - 1 ? "last" : `{index: ${places[0]}}`;
}

// A first guess that the reader can change: what lies where.
function role(part, graph) {
  const layers = graph.arrays.layer.reduce((most, each) => Math.max(most, each), 0);
  if (part.position === "last" && part.nodes.every((node) => graph.arrays.layer[node] >= layers)) return "output";
  return part.position === "last" ? "intermediate" : "input";
}

function partLines({ id, label, role: does, position, features }) {
  return [
    `  - id: ${id}`,
    `    label: ${quoted(label || id)}`,
    `    role: ${does}`,
    `    position: ${position}`,
    "    found_by: \"chosen by hand in the graph explorer, on one prompt's graph\"",
    `    features: [${features.join(", ")}]`,
  ];
}

function edgeLines(parts, graph) {
  const links = linksBetween(parts, graph).filter((link) => Math.abs(link.share) >= FOUND_SHARE).reverse();
  if (!links.length) return ["edges: []"];
  return ["edges:", ...links.map(({ source, target, share }) => `  - {source: ${source.id}, target: ${target.id}, sign: ${share >= 0 ? "positive" : "negative"}}`)];
}

function story({ graph, store }) {
  const labels = [...store.state.labels].filter(([node]) => isFeature(graph.kind(node)));
  const lines = [`TODO: how to read the circuit. Prompt: ${plain(graph.about.prompt ?? "")}`, ...labels.map(([node, label]) => `- ${graph.name(node)}${graph.where(node)}: ${label}`)];
  const text = [...lines.map(plain).join("\n")].slice(0, LONGEST_STORY).join("");
  return ["story: |-", ...text.split("\n").map((line) => `  ${line.trimEnd()}`)];
}

function quoted(words, longest = LONGEST) {
  return JSON.stringify([...plain(words)].slice(0, longest).join("").trim() || "TODO");
}

function plain(words) {
  return String(words).replace(HIDDEN, " ");
}

export function slugOf(words, otherwise) {
  const slug = String(words ?? "").normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, LONGEST_ID).replace(/^-+|-+$/g, "");
  return slug || otherwise;
}
