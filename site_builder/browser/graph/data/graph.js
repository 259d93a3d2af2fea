// One graph with its words: what a node is called, what it means, its links by strength.
import { withEdges } from "./edges.js";
import { ANSWER, ATTENTION, CONSTANT, DROPPED, FEATURE, KIND_LETTERS, KIND_NAMES, TOKEN, isError, isFeature } from "./kinds.js";
import { expect } from "./problem.js";

const WORD_MARKS = /^[\u0120\u2581 \t\n]+|[\u0120\u2581 \t\n]+$/g; // how tokenizers write the space before a word
const LETTERS = 26;

export class Graph {
  /** `header` and `arrays` as a reader gives them; what is wrong with them is said in one line. */
  constructor({ header, arrays }, where) {
    this.read = { header, arrays }; // as it came
    expect(Array.isArray(header.tokens) && header.tokens.every((each) => typeof each === "string"), `${where} tokens`, "a list of text", header.tokens);
    this.about = header;
    this.tokens = header.tokens.map((token) => token.replace(WORD_MARKS, "") || token || "·");
    this.arrays = withEdges(arrays, this.tokens.length, where);
    this.count = arrays.kind.length;
    this.edgeCount = arrays.columns.length;
    this.labels = new Map(Object.entries(objectOf(header.labels)).map(([node, label]) => [Number(node), String(label)]));
    this.features = objectOf(header.features);
    this.parts = partsOf(header.parts, this.count);
    this.claims = claimsOf(header.claims);
    this.pins = Array.isArray(header.pins) ? header.pins.filter((node) => Number.isInteger(node) && node >= 0 && node < this.count) : [];
    this.others = new Set(Array.isArray(header.other_targets) ? header.other_targets : []);
    this.partOf = new Int32Array(this.count).fill(-1);
    this.parts.forEach((part, number) => part.nodes.forEach((node) => { this.partOf[node] = number; }));
    this.keys = Array.from({ length: this.count }, (_, node) => this.keyOf(node));
    this.answers = [...arrays.kind.keys()].filter((node) => arrays.kind[node] === ANSWER);
    this.byKey = new Map(this.keys.map((key, node) => [key, node]));
    expect(this.byKey.size === this.count, where, "each node once", `${this.count - this.byKey.size} twice`);
  }

  // A name that holds for every graph of the prompt: kind, layer, index, position.
  keyOf(node) {
    const { kind, layer, index, position } = this.arrays;
    const place = position[node] < 0 ? "" : `@${position[node]}`;
    return `${KIND_LETTERS[kind[node]]}${layer[node] < 0 ? "" : `${layer[node]}-`}${index[node]}${place}`;
  }

  /** Whether an answer is a token; otherwise a difference, a feature or another target. */
  isToken(node) {
    return !this.others.has(node);
  }

  kind(node) {
    return this.arrays.kind[node];
  }

  kindName(node) {
    return KIND_NAMES[this.arrays.kind[node]];
  }

  token(node) {
    const position = this.arrays.position[node];
    return position < 0 ? "" : this.tokens[position];
  }

  /** What the node is: `4-81`, `“Dallas”`, `answer “Austin”`, `error, layer 4`. */
  name(node) {
    const { layer, index, position } = this.arrays;
    const label = (this.labels.get(node) ?? "").replace(WORD_MARKS, "");
    switch (this.arrays.kind[node]) {
      case FEATURE:
      case ATTENTION:
        return `${layer[node]}-${index[node]}`;
      case TOKEN:
        return `“${this.tokens[position[node]]}”`;
      case ANSWER:
        return `answer “${label || index[node]}”`;
      case CONSTANT:
        return label || "constant";
      case DROPPED:
        return "dropped mass";
      default:
        return `error, layer ${layer[node]}`;
    }
  }

  where(node) {
    const kind = this.arrays.kind[node];
    return (isFeature(kind) || isError(kind)) && this.arrays.position[node] >= 0 ? ` at “${this.token(node)}”` : "";
  }

  /** What is known of the node's feature from the atlas: label, page, example, promoted tokens. */
  known(node) {
    return isFeature(this.arrays.kind[node]) && Object.hasOwn(this.features, this.name(node)) ? this.features[this.name(node)] : null;
  }

  /** What the file says that the node means: its own label, its feature's, its part's. */
  givenMeaning(node) {
    if (!isFeature(this.arrays.kind[node])) return "";
    const own = this.labels.get(node) || this.known(node)?.label;
    return own || (this.partOf[node] >= 0 ? this.parts[this.partOf[node]].label : "");
  }

  /** The signed share of its target's input that an edge is. */
  share(edge) {
    const total = this.arrays.totals[this.arrays.rowOf[this.arrays.targets[edge]]];
    return total > 0 ? this.arrays.weights[edge] / total : 0;
  }

  /** The edges into a node, the strongest first. */
  inputs(node) {
    const { rowOf, row_pointers: pointers } = this.arrays;
    const row = rowOf[node];
    if (row < 0) return [];
    return this.byStrength(Array.from({ length: pointers[row + 1] - pointers[row] }, (_, at) => pointers[row] + at));
  }

  /** The edges out of a node, the strongest first. */
  outputs(node) {
    const { outPointers, outEdges } = this.arrays;
    return this.byStrength(Array.from(outEdges.subarray(outPointers[node], outPointers[node + 1])));
  }

  /** The edges along these nodes; none where two of them have no edge. */
  edgesAlong(nodes) {
    const { rowOf, row_pointers: pointers, columns } = this.arrays;
    const edges = [];
    for (let at = 1; at < nodes.length; at++) {
      const row = rowOf[nodes[at]];
      const place = row < 0 ? -1 : columns.subarray(pointers[row], pointers[row + 1]).indexOf(nodes[at - 1]);
      if (place < 0) return [];
      edges.push(pointers[row] + place);
    }
    return edges;
  }

  byStrength(edges) {
    const strength = new Map(edges.map((edge) => [edge, Math.abs(this.share(edge))]));
    return edges.sort((first, second) => strength.get(second) - strength.get(first) || first - second);
  }

  /** The most likely answer; null in a graph without one. */
  bestAnswer() {
    const { value } = this.arrays;
    return this.answers.reduce((best, node) => (best === null || value[node] > value[best] ? node : best), null);
  }
}

export function partLetter(number) {
  const letter = String.fromCharCode(65 + number % LETTERS);
  return number < LETTERS ? letter : `${letter}${Math.floor(number / LETTERS) + 1}`;
}

function objectOf(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function partsOf(parts, count) {
  if (!Array.isArray(parts)) return [];
  return parts.filter((part) => part && Array.isArray(part.nodes)).map((part) => ({
    label: String(part.label ?? ""),
    id: String(part.id ?? ""),
    nodes: part.nodes.filter((node) => Number.isInteger(node) && node >= 0 && node < count),
  }));
}

// What was measured of the entry's interventions; what is damaged is left out.
function claimsOf(claims) {
  if (!Array.isArray(claims)) return [];
  const sound = ({ steps, change, interval, rows }) => Array.isArray(steps) && steps.every((step) => step && typeof step === "object")
    && Array.isArray(interval) && interval.length === 2 && [change, rows, ...interval].every(Number.isFinite);
  return claims.filter((claim) => claim && sound(claim)).map((claim) => {
    const words = ["intervention", "metric", "unit", "verdict"].map((name) => [name, String(claim[name] ?? "")]);
    return { ...claim, ...Object.fromEntries(words) };
  });
}
