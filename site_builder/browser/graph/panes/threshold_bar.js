// The two thresholds, which links are drawn, and in words how much of the graph is not shown.
import { make } from "../../elements.js";
import { counted, percent, whole } from "../../numbers.js";
import { choice } from "../pieces.js";

const LINKS = [["all", "all links"], ["near", "links of the selected node"], ["pinned", "links between pinned nodes"]];
const SIGNS = [["both", "raising and lowering"], ["raising", "only raising"], ["lowering", "only lowering"]];

export class ThresholdBar {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "threshold-bar");
    this.nodes = this.slider("Nodes", "nodeShare", "the most influential nodes that together hold this share of all influence");
    this.edges = this.slider("Edges", "edgeShare", "the edges that together hold this share of all edges’ importance");
    this.links = choice("Links to draw", LINKS, (links) => explorer.store.change({ links }));
    this.sign = choice("Sign of the links", SIGNS, (sign) => explorer.store.change({ sign }));
    this.errors = make("input");
    this.errors.type = "checkbox";
    this.errors.addEventListener("change", () => explorer.store.change({ errors: this.errors.checked }));
    const errors = make("label", "tool-check");
    errors.append(this.errors, "errors");
    this.words = make("p", "shown-words");
    this.words.setAttribute("role", "status");
    this.root.append(this.nodes.frame, this.edges.frame, this.links, this.sign, errors, this.words);
  }

  slider(title, field, meaning) {
    const frame = make("label", "slider");
    const value = make("output", "slider-value");
    const input = make("input");
    Object.assign(input, { type: "range", min: 0, max: 100, step: 1 });
    frame.title = `Shown are ${meaning}.`;
    input.addEventListener("input", () => this.explorer.store.change({ [field]: Number(input.value) / 100 }, "move"));
    frame.append(make("span", "", title), input, value);
    return { frame, input, value };
  }

  show(state, nodes, edges) {
    const { graph } = this.explorer;
    for (const [slider, share] of [[this.nodes, state.nodeShare], [this.edges, state.edgeShare]]) {
      slider.input.value = Math.round(100 * share);
      slider.value.textContent = percent(share);
    }
    this.links.value = state.links;
    this.sign.value = state.sign;
    this.errors.checked = state.errors;
    const held = `${whole(nodes.nodes)} of ${counted(nodes.placed, "node")} shown, with ${percent(nodes.influence, 1)} of the influence`;
    const carried = `${whole(edges.edges.length)} of ${counted(graph.edgeCount, "edge")}, with ${percent(edges.importance, 1)} of their importance`;
    const left = nodes.placed - nodes.nodes;
    const told = left ? ` ${counted(left, "node")} with ${percent(1 - nodes.influence, 1)} of the influence ${left === 1 ? "is" : "are"} not shown.` : "";
    this.words.textContent = `${held}; ${carried}${edges.capped ? " (the strongest that are drawn at once)" : ""}.${told}`;
  }
}
