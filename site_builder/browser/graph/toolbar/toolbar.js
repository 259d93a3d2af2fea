// The bar above the panes: search, undo, lasso and what can be done with chosen nodes, zoom.
import { make } from "../../elements.js";
import { counted } from "../../numbers.js";
import { button, choice } from "../pieces.js";
import { groupedBy } from "../state/grouping.js";
import { grouped, pinnedNodes } from "../state/state.js";
import { SearchBar } from "./search_bar.js";

const RULES = [["", "Group by …"], ["token", "by token"], ["label", "by label"], ["part", "by part of the entry"]];

export class Toolbar {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "explorer-bar");
    this.search = new SearchBar(explorer);
    this.undo = button("Undo", () => explorer.store.undo(), "tool", "Ctrl+Z");
    this.redo = button("Redo", () => explorer.store.redo(), "tool", "Ctrl+Shift+Z");
    this.lasso = button("Lasso", () => this.switchLasso(), "tool", "Draw around nodes to choose them (or Shift and drag)");
    this.lasso.setAttribute("aria-pressed", "false");
    this.unhide = button("", () => explorer.store.change({ hidden: [] }), "tool");
    this.chosen = make("span", "tool-group chosen-tools");
    this.root.append(this.search.root, group(this.undo, this.redo), group(this.lasso, this.rules(), this.unhide), this.zoom(), this.chosen);
  }

  rules() {
    const select = choice("Group pinned or chosen nodes", RULES, (rule) => {
      const { store, graph, chosen } = this.explorer;
      const nodes = chosen.length ? chosen : pinnedNodes(store.state);
      if (rule) store.change(groupedBy(rule, nodes, store.state, graph, (node) => this.explorer.meaning(node)));
      select.value = "";
    });
    return select;
  }

  zoom() {
    const { explorer } = this;
    const out = button("−", () => explorer.links.zoomBy(1 / 1.4), "tool", "Zoom out");
    const closer = button("+", () => explorer.links.zoomBy(1.4), "tool", "Zoom in");
    out.setAttribute("aria-label", "Zoom out");
    closer.setAttribute("aria-label", "Zoom in");
    return group(out, closer, button("Fit", () => explorer.links.fit(), "tool", "Show the whole graph"));
  }

  switchLasso(on = !this.explorer.links.gestures.wantsLasso) {
    this.explorer.links.gestures.wantsLasso = on;
    this.explorer.links.overlay.classList.toggle("lassoing", on);
    this.lasso.setAttribute("aria-pressed", String(on));
  }

  /** Everything that depends on the state. */
  show() {
    const { store, chosen } = this.explorer;
    this.undo.disabled = !store.past.length;
    this.redo.disabled = !store.future.length;
    this.unhide.hidden = !store.state.hidden.length;
    this.unhide.textContent = `Show ${counted(store.state.hidden.length, "hidden node")}`;
    this.chosen.replaceChildren(...(chosen.length ? this.forChosen(chosen) : []));
  }

  forChosen(nodes) {
    const { explorer } = this;
    const { store } = explorer;
    const done = (fields) => {
      store.change(fields);
      explorer.choose([]);
    };
    return [
      make("span", "chosen-count", `${counted(nodes.length, "node")} chosen`),
      button("Pin", () => done({ pins: [...new Set([...store.state.pins, ...nodes])] })),
      button("Group", () => explorer.group(nodes)),
      button("Hide", () => done({ hidden: [...new Set([...store.state.hidden, ...nodes])] })),
      button("Let go", () => explorer.choose([]), "tool quiet-tool", "Esc"),
    ];
  }
}

function group(...buttons) {
  const frame = make("span", "tool-group");
  frame.append(...buttons);
  return frame;
}

/** A group of these nodes, named after what most of them mean. */
export function groupOf(nodes, explorer) {
  const { graph, store } = explorer;
  const names = nodes.map((node) => explorer.meaning(node)).filter(Boolean);
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const [best] = [...counts].sort((first, second) => second[1] - first[1])[0] ?? [""];
  const label = best || `at “${graph.token(nodes[0])}”`;
  return grouped(store.state, nodes, label);
}
