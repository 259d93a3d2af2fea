// The keyboard in the link graph. One node is a stop of the tab order at a time; arrows go along
// rows and columns, with Shift along edges. Two buttons take turns, so that screen readers notice.
import { make } from "../../elements.js";
import { counted, signedPercent } from "../../numbers.js";
import { partLetter } from "../data/graph.js";
import { TOKEN, isFeature } from "../data/kinds.js";
import { capital } from "../pieces.js";
import { markedGroups, pinnedNodes } from "../state/state.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SIDEWAYS = 3; // how much worse a step to the side is than one ahead

export class GraphKeys {
  constructor(explorer, links) {
    this.explorer = explorer;
    this.links = links;
    this.root = make("div", "node-stops");
    this.root.setAttribute("role", "application");
    this.root.setAttribute("aria-roledescription", "graph");
    this.root.setAttribute("aria-label", "Nodes of the graph. Arrow keys move, Enter selects, question mark for help");
    this.stops = [this.stop(), this.stop()];
    this.root.append(...this.stops);
    this.turn = 0;
    this.node = null;
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("focusout", () => {
      links.focused = null;
      links.draw();
    });
  }

  stop() {
    const made = make("button", "node-stop");
    made.type = "button";
    made.tabIndex = -1;
    made.hidden = true;
    made.addEventListener("focus", () => {
      if (this.node === null) this.node = this.first();
      if (!made.matches(":focus-visible")) return; // a click has put it here, and selects
      this.links.focused = this.node;
      this.explorer.showNode(this.node);
      this.links.draw();
    });
    made.addEventListener("click", () => this.explorer.select(this.node));
    return made;
  }

  /** Where the graph is entered: the selected node, the answer, or any. */
  first() {
    const { store, graph, shown } = this.explorer;
    const wanted = [store.state.selected, graph.bestAnswer()].find((node) => node !== null && shown.shown[node]);
    return wanted ?? shown.shown.indexOf(1);
  }

  /** Puts the tab stop on a node; follows it there if the keyboard was in the graph or `enter`. */
  put(node, enter = false) {
    const inside = this.root.contains(document.activeElement);
    this.node = node;
    this.turn = 1 - this.turn;
    const [now, other] = [this.stops[this.turn], this.stops[1 - this.turn]];
    now.tabIndex = 0;
    other.tabIndex = -1;
    now.setAttribute("aria-label", this.words(node));
    now.hidden = false;
    this.place();
    if (inside || enter) now.focus({ preventScroll: true });
    other.hidden = true;
  }

  focus() {
    this.put(this.node ?? this.first(), true);
  }

  /** Keeps the stop over its node while the plane moves; finds another where the node has gone. */
  place() {
    if (!this.links.layout || !this.links.view) return;
    if (this.node === null || Number.isNaN(this.links.layout.x[this.node])) {
      const node = this.first();
      if (node < 0 || Number.isNaN(this.links.layout.x[node])) return;
      this.node = node;
      this.stops[this.turn].tabIndex = 0;
      this.stops[this.turn].hidden = false;
      this.stops[this.turn].setAttribute("aria-label", this.words(node));
    }
    const [x, y] = this.links.screen(this.node);
    for (const stop of this.stops) {
      stop.style.left = `${Math.max(0, Math.min(this.links.frame.width, x))}px`;
      stop.style.top = `${Math.max(0, Math.min(this.links.frame.height, y))}px`;
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in ARROWS)) return;
    event.preventDefault();
    const next = event.shiftKey ? this.alongEdge(event.key) : this.nearest(...ARROWS[event.key]);
    if (next === null) return;
    this.put(next);
    this.links.reveal(next);
  }

  /** Along the row or column: the nearest shown node in that direction. */
  nearest(right, down) {
    const { x, y } = this.links.layout;
    const { shown } = this.explorer.shown;
    let [best, shortest] = [null, Infinity];
    for (let node = 0; node < x.length; node++) {
      if (!shown[node] || Number.isNaN(x[node]) || node === this.node) continue;
      const [across, along] = [x[node] - x[this.node], y[node] - y[this.node]];
      const ahead = across * right + along * down;
      if (ahead <= 0.5) continue;
      const length = ahead + SIDEWAYS * (Math.abs(across * down) + Math.abs(along * right));
      if (length < shortest) [best, shortest] = [node, length];
    }
    return best;
  }

  /** Up to the strongest output, down to the strongest input, left and right to its neighbours there. */
  alongEdge(key) {
    const { shown } = this.explorer.shown;
    const ends = (node, which) => this.links.linksOf(node)[which]
      .map((edge) => this.explorer.graph.arrays[which === "inputs" ? "columns" : "targets"][edge])
      .filter((end) => shown[end] && !Number.isNaN(this.links.layout.x[end]));
    if (key === "ArrowUp" || key === "ArrowDown") {
      const which = key === "ArrowDown" ? "inputs" : "outputs";
      const found = ends(this.node, which);
      if (found.length) this.came = { from: this.node, which };
      return found[0] ?? null;
    }
    if (!this.came) return null;
    const found = ends(this.came.from, this.came.which);
    const at = found.indexOf(this.node);
    return at < 0 ? null : found[at + (key === "ArrowRight" ? 1 : -1)] ?? null;
  }

  /** A node in a sentence, for those who cannot see it. */
  words(node) {
    const { explorer } = this;
    const { graph, store } = explorer;
    const { inputs, outputs } = this.links.linksOf(node);
    const meaning = explorer.meaning(node);
    const group = markedGroups(store.state, graph).find((each) => each.nodes.includes(node));
    return [
      `${capital(calledWithKind(graph, node))}${graph.where(node)}${meaning ? `: ${meaning}` : ""}`,
      group ? `in part ${partLetter(group.mark)}` : pinnedNodes(store.state).includes(node) ? "pinned" : "",
      store.state.selected === node ? "selected" : "",
      `${counted(inputs.length, "input")}, ${counted(outputs.length, "output")}`,
    ].filter(Boolean).join(", ");
  }
}

// A feature's and a token's name do not say what they are; the other names do.
function calledWithKind(graph, node) {
  const kind = graph.kind(node);
  return isFeature(kind) || kind === TOKEN ? `${graph.kindName(node)} ${graph.name(node)}` : graph.name(node);
}

/** The strongest inputs of a node in one sentence: what the picture says of it. */
export function strongestInWords(explorer, node, most = 10) {
  const { graph } = explorer;
  const edges = explorer.links.linksOf(node).inputs.slice(0, most);
  if (!edges.length) return `${capital(graph.name(node))} has no inputs in this graph.`;
  const named = edges.map((edge) => {
    const source = graph.arrays.columns[edge];
    const meaning = explorer.meaning(source);
    return `${meaning ? `${meaning}, ` : ""}${graph.name(source)}${graph.where(source)} ${signedPercent(graph.share(edge))}`;
  });
  return `The strongest inputs of ${graph.name(node)}${graph.where(node)}: ${named.join("; ")}.`;
}
