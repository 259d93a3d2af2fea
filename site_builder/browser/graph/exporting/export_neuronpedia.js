// The graph in the JSON format that Neuronpedia and circuit-tracer share, with the reader's pins,
// groups and labels; by the rules of atlas/graphs/neuronpedia_write.py.
import { ANSWER, CONSTANT, DROPPED, ERROR, FEATURE, TOKEN, isError, isFeature } from "../data/kinds.js";
import { idsOf, pair } from "../reading/neuronpedia_ids.js";
import { pinnedNodes } from "../state/state.js";

/** The shared JSON format; constants and dropped mass, for which it has no words, are left out. */
export function neuronpediaJson({ graph, nodes, edges, state, meaning, influence }) {
  const { arrays, about } = graph;
  const answerLayer = arrays.layer.reduce((most, each) => Math.max(most, each), 0) + 2;
  const kept = nodes.filter((node) => arrays.kind[node] !== CONSTANT && arrays.kind[node] !== DROPPED);
  const ids = new Map(kept.map((node) => [node, idsOf(arrays, node, answerLayer)]));
  const shares = cumulative(kept, influence);
  const parts = state.groups.map((group) => [group.label, ...group.nodes.filter((node) => ids.has(node)).map((node) => ids.get(node)[0])]).filter((part) => part.length > 1);
  const slug = String(about.entry || "graph").replace(/[^A-Za-z0-9_-]/g, "-");
  return JSON.stringify({
    metadata: {
      slug: slug.length > 1 ? slug : "graph",
      scan: String(about.model || "model").replace(/[^A-Za-z0-9_.-]/g, "-"),
      schema_version: 1,
      prompt: String(about.prompt ?? ""),
      prompt_tokens: about.tokens,
      node_threshold: 1,
      feature_details: {},
      info: { description: String(about.title ?? ""), transcoder_set: String(about.dictionary ?? ""), generator: { name: "llm-circuits-atlas" } },
      generation_settings: {},
      pruning_settings: {},
    },
    qParams: {
      pinnedIds: pinnedNodes(state).filter((node) => ids.has(node)).map((node) => ids.get(node)[0]),
      supernodes: parts,
      linkType: "both",
      clickedId: ids.has(state.selected) ? ids.get(state.selected)[0] : "",
      sg_pos: "",
    },
    nodes: kept.map((node) => nodeFields(graph, node, { ids: ids.get(node), answerLayer, label: meaning(node), share: shares.get(node) })),
    links: edges.filter((edge) => ids.has(arrays.columns[edge]) && ids.has(arrays.targets[edge])).map((edge) => ({
      source: ids.get(arrays.columns[edge])[0],
      target: ids.get(arrays.targets[edge])[0],
      weight: arrays.weights[edge],
    })),
  });
}

function cumulative(nodes, influence) {
  const order = [...nodes].sort((first, second) => influence[second] - influence[first]);
  const whole = order.reduce((sum, node) => sum + influence[node], 0) || 1;
  let sum = 0;
  return new Map(order.map((node) => [node, Math.min(1, (sum += influence[node]) / whole)]));
}

const TYPES = { [FEATURE]: "cross layer transcoder", [ERROR]: "mlp reconstruction error", [TOKEN]: "embedding", [ANSWER]: "logit" };

function nodeFields(graph, node, { ids, answerLayer, label, share }) {
  const { kind, layer, index, position, value } = graph.arrays;
  const of = kind[node];
  const type = TYPES[of] ?? (isFeature(of) ? "lorsa" : "lorsa error");
  const token = position[node] < 0 ? "" : graph.about.tokens[position[node]];
  const words = { [ANSWER]: `Output ${quoted(graph.labels.get(node) || String(index[node]))} (p=${value[node].toFixed(3)})`, [TOKEN]: `Emb: "${token}"`, [ERROR]: `Err: mlp "${token}"` };
  const features = { [TOKEN]: position[node], [ANSWER]: index[node] };
  return {
    node_id: ids[0],
    feature: isFeature(of) ? pair(layer[node], index[node]) : features[of] ?? -1,
    layer: of === TOKEN ? "E" : String(of === ANSWER ? answerLayer : layer[node]),
    ctx_idx: Math.max(position[node], 0),
    feature_type: type,
    token_prob: of === ANSWER ? value[node] : 0,
    is_target_logit: node === graph.bestAnswer(),
    run_idx: 0,
    reverse_ctx_idx: 0,
    jsNodeId: ids[1],
    clerp: words[of] ?? (isError(of) ? `Err: attn "${token}"` : label),
    influence: of === ANSWER ? null : share,
    activation: isFeature(of) ? value[node] : null,
  };
}

// Viewers cut an answer's label at the first "(p=" and read its token between the quotes.
function quoted(token) {
  const safe = token.replaceAll("(p=", "( p=");
  return safe.includes('"') && !safe.includes("'") && safe.split('"').length === 2 ? `'${safe}'` : `"${safe.replaceAll('"', "″")}"`;
}
