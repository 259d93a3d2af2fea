// The pane about one node: what it is and means, what feeds it, what it feeds.
import { make } from "../../elements.js";
import { automaticWords } from "../../features/labels.js";
import { number, percent } from "../../numbers.js";
import { partLetter } from "../data/graph.js";
import { ANSWER, CONSTANT, DROPPED, TOKEN, isError, isFeature } from "../data/kinds.js";
import { strongestInWords } from "../keyboard/keys.js";
import { glyphIcon } from "../link_view/glyphs.js";
import { button, capital, foreign } from "../pieces.js";
import { markedGroups, pinnedNodes } from "../state/state.js";
import { attentionPairs } from "./attention_pairs.js";
import { connectionList } from "./connections.js";
import { editLine } from "./edit_line.js";
import { HeadLoadings } from "./head_loadings.js";
import { measuredEffects } from "./measured.js";

export class NodePanel {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "side-panel node-pane");
    this.lengths = { inputs: 0, outputs: 0 };
    this.by = ""; // "token": lists add up what comes from each; "head": rows say their heads
    this.inWeights = false; // lists say weights, not shares of the target's input
    this.heads = new HeadLoadings(explorer.base);
  }

  /** Shows a node; the lists of another node start short again. */
  show(node) {
    if (this.node !== node) this.lengths = { inputs: 0, outputs: 0 };
    this.node = node;
    if (node === null) {
      this.root.replaceChildren(make("p", "panel-empty", "Nothing to show: the graph has no answer. Click a node."));
      return;
    }
    this.bar = this.actions(node);
    this.root.replaceChildren(
      this.head(node),
      make("p", "visually-hidden", strongestInWords(this.explorer, node)),
      ...this.dashboard(node),
      this.bar,
      connectionList(this, node, "inputs"),
      connectionList(this, node, "outputs"),
      ...measuredEffects(this.explorer, node),
      ...attentionPairs(this.explorer, node),
    );
  }

  /** Lists the connections in another way, or in the plain one again. */
  async list(node, mode) {
    try {
      if (mode === "head" && this.heads.missing) {
        this.explorer.say(this.heads.missing);
        return;
      }
      if (mode === "head" && !this.heads.parts) await this.heads.read();
      this.by = this.by === mode ? "" : mode;
      this.show(node);
    } catch (problem) {
      this.explorer.say(problem.message);
    }
  }

  /** Says anew whether the node is pinned; the rest stays. */
  refresh() {
    if (this.node === null) return;
    const bar = this.actions(this.node);
    const focused = [...this.bar.children].indexOf(document.activeElement);
    this.bar.replaceWith(bar);
    this.bar = bar;
    bar.children[focused]?.focus();
  }

  head(node) {
    const { graph, store } = this.explorer;
    const frame = make("div", "node-head");
    const title = make("h2", "node-title");
    const group = markedGroups(store.state, graph).find((each) => each.nodes.includes(node));
    if (group) title.append(make("span", `part-key part-${group.mark % 8 + 1}`, partLetter(group.mark)));
    else title.append(glyphIcon(graph.kind(node)));
    const meaning = this.explorer.meaning(node);
    title.append(foreign(meaning || capital(graph.name(node)), "node-words"));
    frame.append(title, this.facts(node));
    return frame;
  }

  facts(node) {
    const { graph, whole } = this.explorer;
    const { layer, value, position } = graph.arrays;
    const kind = graph.kind(node);
    const line = make("p", "panel-facts");
    if (isFeature(kind)) {
      line.append(`${graph.kindName(node)} `, make("span", "mono", graph.name(node)), `, layer ${layer[node]}`, foreign(graph.where(node)), `, activation ${number(value[node])}`);
    } else if (kind === ANSWER) line.append(graph.isToken(node) ? `next token, probability ${number(value[node])}` : "what this graph explains");
    else if (isError(kind)) line.append("what the dictionary missed", foreign(graph.where(node)));
    else if (kind === TOKEN) line.append(`token ${position[node]} of the prompt`);
    else if (kind === CONSTANT) line.append("a constant of the model: the same for every prompt");
    else if (kind === DROPPED) line.append("the net of what was left out of this graph");
    const amount = this.explorer.influence[node];
    if (amount > 0) line.append(` · ${percent(amount / whole.largest, 0)} of the largest influence`);
    return line;
  }

  dashboard(node) {
    const { graph } = this.explorer;
    const known = graph.known(node);
    if (!known) return [];
    const frame = make("div", "node-dashboard");
    if (typeof known.automatic?.text === "string") frame.append(automaticPanel(known.automatic));
    if (Array.isArray(known.example)) frame.append(example(known.example));
    if (Array.isArray(known.promoted) && known.promoted.length) frame.append(foreign(`raises: ${known.promoted.join(", ")}`, "panel-facts", "p"));
    if (typeof known.page === "string" && /^\.\.\/[\w./-]+(\?id=[\w./-]+)?$/.test(known.page)) {
      const link = make("a", "", "The feature’s page");
      link.href = known.page;
      const line = make("p", "panel-facts");
      line.append(link);
      frame.append(line);
    }
    return frame.childElementCount ? [frame] : [];
  }

  actions(node) {
    const { explorer } = this;
    const { state } = explorer.store;
    const bar = make("div", "node-actions");
    if ([CONSTANT, DROPPED].includes(explorer.graph.kind(node))) return bar;
    const pinned = pinnedNodes(state).includes(node);
    const pin = button(pinned ? "Unpin" : "Pin", () => explorer.pin(node), "tool", "P");
    pin.setAttribute("aria-pressed", String(pinned));
    bar.append(pin, button("Hide", () => explorer.hide([node]), "tool", "H"));
    if (isFeature(explorer.graph.kind(node))) bar.append(button("Label", () => this.editLabel(node), "tool", "Say what it means, in your words"));
    const group = state.groups.find((each) => each.nodes.includes(node));
    if (group) {
      bar.append(button("Name the part", () => this.editGroup(group), "tool"));
      bar.append(button("Take the part apart", () => explorer.ungroup(group), "tool"));
    }
    return bar;
  }

  editLabel(node) {
    const { store, graph } = this.explorer;
    const keep = (words) => {
      const labels = new Map(store.state.labels);
      if (words && words !== graph.givenMeaning(node)) labels.set(node, words);
      else labels.delete(node);
      this.closeEdit();
      store.change({ labels });
    };
    this.bar.replaceChildren(editLine("What this node means", this.explorer.meaning(node), keep, () => this.closeEdit()));
  }

  editGroup(group) {
    const { store } = this.explorer;
    const keep = (words) => {
      this.closeEdit();
      if (words) store.change({ groups: store.state.groups.map((each) => (each === group ? { ...group, label: words } : each)) });
    };
    this.bar.replaceChildren(editLine("The part’s name", group.label, keep, () => this.closeEdit()));
  }

  closeEdit() {
    this.refresh();
    this.bar.querySelector("button")?.focus();
  }
}

function automaticPanel(label) {
  const line = make("p", "panel-facts");
  line.append(automaticWords(label));
  return line;
}

function example([tokens, shades, peak]) {
  const line = make("p", "tokens panel-example");
  line.dir = "auto";
  tokens.forEach((token, at) => {
    const shade = shades[at] ? ` heat-${shades[at]}` : "";
    line.append(at ? " " : "", make("span", `token${shade}${at === peak ? " token-peak" : ""}`, String(token)));
  });
  return line;
}
