// Reads the JSON that Neuronpedia, circuit-tracer and their relatives write, in every dialect known.
// What is odd is repaired and said; what cannot be held is refused.
import { ANSWER, ATTENTION, ATTENTION_ERROR, CONSTANT, ERROR, FEATURE, KIND_LETTERS, TOKEN, isFeature } from "../data/kinds.js";
import { expect } from "../data/problem.js";
import { arraysOf } from "./columns.js";
import { unpair } from "./neuronpedia_ids.js";
import { readLinks } from "./neuronpedia_links.js";

const KINDS = {
  "cross layer transcoder": FEATURE,
  "unexplored node": FEATURE,
  "mlp reconstruction error": ERROR,
  embedding: TOKEN,
  logit: ANSWER,
  lorsa: ATTENTION,
  "lorsa error": ATTENTION_ERROR,
  bias: CONSTANT,
};
const FEATURE_ID = /^(\d{1,4})_(?:cro_|lor_)?(\d{1,12})_(\d{1,9})$/;
const TOKEN_ID = /^E_(-?\d{1,12})_(\d{1,9})$/;
const PROBABILITY = /\(p=([0-9.]+)\)\s*$/;
const LARGEST_INDEX = 2 ** 31 - 1;

/** Header and arrays of a parsed file, and `repairs` in words. */
export function readNeuronpedia(values, where) {
  const { metadata } = values;
  expect(isObject(metadata), `${where} metadata`, "an object", metadata);
  const tokens = metadata.prompt_tokens;
  expect(Array.isArray(tokens) && tokens.every((each) => typeof each === "string"), `${where} metadata.prompt_tokens`, "a list of text", tokens);
  for (const name of ["nodes", "links"]) expect(Array.isArray(values[name]), `${where} ${name}`, "a list", values[name]);
  const paired = metadata.schema_version === 1 || Boolean(metadata.feature_details?.neuronpedia_source_set);
  const nodes = values.nodes.map((node, at) => readNode(node, { at, paired, tokens, where: `${where} nodes[${at}]` }));
  const repairs = [];
  const bearers = new Map();
  nodes.forEach((node, at) => bearers.set(node.id, [...(bearers.get(node.id) ?? []), at]));
  const links = readLinks(values.links, nodes, bearers, { where, repairs });
  if (isObject(metadata.atlas)) repairs.push("constants and dropped mass, which the atlas adds to such files, are not shown");
  const view = savedView(values.qParams, nodes, bearers);
  const labels = {};
  nodes.forEach((node, at) => { if (node.label) labels[at] = node.label; });
  const header = {
    title: text(metadata.title_prefix) + (text(metadata.slug) || "Graph"),
    model: text(metadata.scan),
    dictionary: text(metadata.info?.transcoder_set) || text(metadata.feature_details?.neuronpedia_source_set),
    prompt: text(metadata.prompt),
    tokens,
    labels,
    attention: attentionScores(values, nodes),
    ...view,
  };
  return { header, arrays: arraysOf(nodes, links, where), repairs };
}

function readNode(node, { at, paired, tokens, where }) {
  expect(isObject(node), where, "an object", node);
  expect(typeof node.node_id === "string" && typeof node.feature_type === "string", where, "node_id and feature_type as text", node.node_id);
  const kind = Object.hasOwn(KINDS, node.feature_type) ? KINDS[node.feature_type] : FEATURE;
  const layered = kind !== TOKEN && kind !== ANSWER;
  const layer = node.layer === "E" ? -1 : Number(node.layer);
  expect(!layered || (Number.isInteger(layer) && layer >= 0 && layer < 10000), `${where}.layer`, "a layer", node.layer);
  expect(Number.isInteger(node.ctx_idx) && node.ctx_idx >= 0 && node.ctx_idx < tokens.length, `${where}.ctx_idx`, `a position below ${tokens.length}`, node.ctx_idx);
  const label = text(node.clerp);
  const read = { id: node.node_id, shown: text(node.jsNodeId), kind, layer: layered ? layer : -1, position: node.ctx_idx, index: 0, value: 0, label: "", given: node };
  if (isFeature(kind)) {
    read.index = featureIndex(node, layer, paired) ?? at;
    read.value = finite(node.activation, `${where}.activation`);
    read.label = /^F\d+$/.test(label) ? "" : label;
  } else if (kind === TOKEN) {
    read.index = Number(TOKEN_ID.exec(node.node_id)?.[1] ?? -1);
  } else if (kind === ANSWER) {
    read.index = Number.isInteger(node.feature) ? node.feature : at;
    read.value = finite(node.token_prob, `${where}.token_prob`) || Number(PROBABILITY.exec(label)?.[1] ?? 0) || 0;
    read.label = answerToken(label);
  } else if (kind === CONSTANT) Object.assign(read, { index: at, label: label || "bias" });
  expect(Math.abs(read.index) <= LARGEST_INDEX, where, `an index below ${LARGEST_INDEX}`, read.index);
  return read;
}

// The id tells layer and index; else the number does, plain or as Cantor's pair of both.
function featureIndex(node, layer, paired) {
  const match = FEATURE_ID.exec(node.node_id);
  if (match && Number(match[1]) === layer) return Number(match[2]);
  const { feature } = node;
  if (!Number.isInteger(feature) || feature < 0) return null;
  if (paired && unpair(feature)[0] === layer) return unpair(feature)[1];
  return feature;
}

function answerToken(label) {
  const words = label.replace(PROBABILITY, "");
  return /"([^]*)"/.exec(words)?.[1] ?? /'([^]*)'/.exec(words)?.[1] ?? words.trim();
}

// Pins and groups that were saved with the graph; some files name nodes by their second id.
function savedView(view, nodes, bearers) {
  if (!isObject(view)) return {};
  const shown = new Map();
  nodes.forEach((node, at) => shown.set(node.shown, [...(shown.get(node.shown) ?? []), at]));
  const find = (name) => bearers.get(name) ?? shown.get(name) ?? [];
  const list = (value) => (Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : []).filter((each) => typeof each === "string");
  let groups = view.supernodes;
  if (typeof groups === "string") {
    try {
      groups = JSON.parse(groups);
    } catch {
      groups = [];
    }
  }
  const parts = (Array.isArray(groups) ? groups : [])
    .filter((group) => Array.isArray(group) && group.length > 1)
    .map((group) => ({ label: String(group[0]), nodes: [...new Set(list(group.slice(1)).flatMap(find))] }))
    .filter((part) => part.nodes.length);
  return { parts, pins: [...new Set(list(view.pinnedIds).flatMap(find))] };
}

// What attention features say of the pairs that make them look.
function attentionScores(values, nodes) {
  const keyOf = new Map(nodes.map((node) => [node.id, node]));
  const outside = isObject(values.qk_only_nodes) ? values.qk_only_nodes : {};
  const named = (id) => text(outside[id]?.clerp) || String(id);
  return nodes.flatMap(({ given, id }) => {
    const pairs = given.qk_tracing_results?.pair_wise_contributors;
    if (!Array.isArray(pairs)) return [];
    const read = pairs.filter((pair) => Array.isArray(pair) && Number.isFinite(pair[2]));
    return [{
      title: text(given.clerp) || id,
      node: sourceKey(keyOf.get(id)),
      pairs: read.map(([query, key, value]) => ({ query: sourceKey(keyOf.get(query)), query_words: named(query), key: sourceKey(keyOf.get(key)), key_words: named(key), value })),
    }];
  });
}

// As Graph.keyOf writes it; empty for what is no node.
function sourceKey(node) {
  if (!node) return "";
  return `${KIND_LETTERS[node.kind]}${node.layer < 0 ? "" : `${node.layer}-`}${node.index}@${node.position}`;
}

function finite(value, where) {
  if (value === null || value === undefined) return 0;
  expect(typeof value === "number" && Number.isFinite(value), where, "a number", value);
  return value;
}

function text(value) {
  return typeof value === "string" ? value : "";
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
