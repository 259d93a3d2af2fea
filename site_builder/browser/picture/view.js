// Brings the static picture of an attribution graph to life: hover, tap or focus a node to see its
// strongest inputs and outputs. Data come from the graph.json beside the page; all text is shown
// through textContent.
import { svg } from "../elements.js";
import { connectKeys } from "./keys.js";
import { drawPanel } from "./panel.js";
import { connectTools } from "./tools.js";

const WIDEST = 7; // pixels: an edge that is all of its target's input
const LINKS_DRAWN = 40; // of the picked node, strongest first, in each direction

class Graph {
  constructor(data) {
    Object.assign(this, data);
    this.inputs = new Map();
    this.outputs = new Map();
    for (let edge = 0; edge < this.share.length; edge++) {
      push(this.inputs, this.target[edge], edge);
      push(this.outputs, this.source[edge], edge);
    }
    const strongest = (first, second) => Math.abs(this.share[second]) - Math.abs(this.share[first]);
    for (const edges of [...this.inputs.values(), ...this.outputs.values()]) edges.sort(strongest);
  }

  name(node) {
    const kind = this.kinds[this.kind[node]];
    if (kind === "feature") return `${this.layer[node]}-${this.index[node]}`;
    if (kind === "token") return `“${this.tokens[this.position[node]]}”`;
    if (kind === "answer") return `answer “${this.label[node]}”`;
    if (kind === "error") return `error, layer ${this.layer[node]}`;
    return kind === "dropped" ? "dropped mass" : this.label[node];
  }

  where(node) {
    const kind = this.kinds[this.kind[node]];
    const placed = (kind === "feature" || kind === "error") && this.position[node] >= 0;
    return placed ? ` at “${this.tokens[this.position[node]]}”` : "";
  }

  meaning(node) {
    if (this.part[node] >= 0) return this.parts[this.part[node]].label;
    return this.known(node)?.label ?? "";
  }

  known(node) {
    return this.kinds[this.kind[node]] === "feature" ? this.features[this.name(node)] : undefined;
  }

  inWords(node) {
    const meaning = this.meaning(node);
    const kind = this.kinds[this.kind[node]] === "feature" ? "feature " : "";
    return `${kind}${this.name(node)}${this.where(node)}${meaning ? `: ${meaning}` : ""}`;
  }

  bestAnswer() {
    let best = null;
    this.kind.forEach((kind, node) => {
      if (this.kinds[kind] === "answer" && (best === null || this.value[node] > this.value[best])) best = node;
    });
    return best;
  }

  drawn(node) {
    return this.x[node] !== null;
  }
}

function push(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}

class GraphView {
  constructor(root, graph) {
    this.root = root;
    this.graph = graph;
    this.picture = root.querySelector(".graph-svg");
    this.live = root.querySelector(".graph-live");
    this.panel = root.querySelector(".graph-panel");
    this.elements = new Map();
    this.pinned = null; // stays until another is picked or Escape is pressed
    this.shown = undefined;
    this.resting = graph.bestAnswer(); // what the panel describes while nothing is picked
    for (const element of this.picture.querySelectorAll("[data-n]")) {
      this.elements.set(Number(element.dataset.n), element);
    }
    this.connect();
    connectTools(this);
    connectKeys(this);
    this.show(null);
    const frame = this.picture.parentElement;
    frame.scrollLeft = frame.scrollWidth; // on narrow screens the answers are what to see first
  }

  connect() {
    for (const [node, element] of this.elements) {
      element.setAttribute("role", "button");
      element.setAttribute("tabindex", "-1");
      element.setAttribute("aria-label", this.graph.inWords(node));
    }
    const nodeOf = (event) => {
      const element = event.target.closest?.("[data-n]");
      return element && this.picture.contains(element) ? Number(element.dataset.n) : null;
    };
    this.picture.addEventListener("pointerover", (event) => {
      const node = nodeOf(event);
      if (event.pointerType === "mouse" && node !== null) this.show(node);
    });
    this.picture.addEventListener("pointerleave", () => this.show(this.pinned));
    this.picture.addEventListener("click", (event) => this.pick(nodeOf(event)));
    this.picture.addEventListener("focusin", (event) => {
      const node = nodeOf(event);
      if (node !== null) this.show(node);
    });
  }

  pick(node) {
    this.pinned = node === this.pinned ? null : node;
    for (const [each, element] of this.elements) {
      element.setAttribute("aria-pressed", String(each === this.pinned));
    }
    this.show(this.pinned);
    if (node !== null) this.elements.get(node)?.focus({ preventScroll: true });
  }

  show(node) {
    if (node === this.shown) return;
    this.shown = node;
    this.drawLinks(node);
    drawPanel(this, node ?? this.resting);
  }

  drawLinks(node) {
    this.root.classList.toggle("graph-picked", node !== null);
    for (const element of this.elements.values()) element.classList.remove("node-picked", "node-related");
    this.live.replaceChildren();
    if (node === null) return;
    const { graph } = this;
    const edges = [
      ...(graph.inputs.get(node) ?? []).slice(0, LINKS_DRAWN),
      ...(graph.outputs.get(node) ?? []).slice(0, LINKS_DRAWN),
    ];
    for (const edge of edges.reverse()) {
      const [source, target] = [graph.source[edge], graph.target[edge]];
      if (!graph.drawn(source) || !graph.drawn(target)) continue;
      const share = graph.share[edge];
      this.live.append(svg("path", {
        class: share >= 0 ? "edge-positive" : "edge-negative",
        "stroke-width": Math.max(0.8, WIDEST * Math.sqrt(Math.abs(share)) - 0.4).toFixed(1),
        d: `M${graph.x[source]} ${graph.y[source]}L${graph.x[target]} ${graph.y[target]}`,
      }));
      this.elements.get(source === node ? target : source)?.classList.add("node-related");
    }
    this.elements.get(node)?.classList.add("node-picked");
  }
}

for (const root of document.querySelectorAll(".graph-view")) {
  fetch(new URL(root.dataset.graph, location.href))
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((data) => new GraphView(root, new Graph(data)))
    .catch(() => root.classList.add("graph-static")); // the static picture stays
}
