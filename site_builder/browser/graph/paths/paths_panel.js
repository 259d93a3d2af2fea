// The tab about paths: the strongest from the prompt to an answer, through a node, what leads to a
// node and what it leads to, and the difference of two answers.
import { make } from "../../elements.js";
import { counted, percent } from "../../numbers.js";
import { TOKEN } from "../data/kinds.js";
import { button, choice, foreign } from "../pieces.js";
import { relatives } from "./paths.js";

const MOST = 12; // paths in the list

export class PathsPanel {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "side-panel paths-panel");
    this.target = null;
  }

  show() {
    const { graph, store } = this.explorer;
    const { selected } = store.state;
    if (this.target === null || this.target >= graph.count || !graph.answers.includes(this.target)) this.target = graph.bestAnswer();
    const parts = [make("h2", "", "Strongest paths")];
    if (this.target === null) parts.push(make("p", "panel-empty", "This graph has no answer to lead to."));
    else parts.push(this.wanted(), this.list(selected));
    parts.push(...this.around(selected), ...this.differences());
    this.root.replaceChildren(...parts);
  }

  wanted() {
    const { explorer } = this;
    const { graph, store } = explorer;
    const line = make("p", "panel-facts");
    const { selected } = store.state;
    const through = selected !== null && !graph.answers.includes(selected);
    line.append("From the tokens ", ...(through ? ["through ", foreign(`${graph.name(selected)}${graph.where(selected)}`, "mono"), " "] : []), "to ");
    line.append(answerSelect(graph, "Answer that paths lead to", this.target, (node) => {
      this.target = node;
      this.show();
    }));
    if (!through) line.append(". Select a node to see only those through it.");
    return line;
  }

  list(selected) {
    const { explorer } = this;
    const { graph } = explorer;
    const frame = make("ol", "path-list");
    const sources = [...graph.arrays.kind.keys()].filter((node) => graph.kind(node) === TOKEN);
    const through = selected !== null && !graph.answers.includes(selected) ? selected : null;
    const asked = this.asked = (this.asked ?? 0) + 1;
    explorer.worker.ask("paths", { wanted: { sources, target: this.target, most: MOST, through } }).then((paths) => {
      if (asked !== this.asked) return;
      if (!paths.length) frame.replaceWith(make("p", "panel-empty", "No path leads from a token to this answer there."));
      frame.replaceChildren(...paths.map((path) => this.path(path)));
    });
    return frame;
  }

  path({ edges, strength }) {
    const { explorer } = this;
    const { graph, store } = explorer;
    const { columns, targets } = graph.arrays;
    const nodes = [columns[edges[0]], ...edges.map((edge) => targets[edge])];
    const sign = edges.reduce((product, edge) => product * Math.sign(graph.share(edge)), 1);
    const item = make("li");
    const row = button("", () => store.change({ path: store.state.path.join() === nodes.join() ? [] : nodes }), "path");
    row.setAttribute("aria-pressed", String(store.state.path.join() === nodes.join()));
    nodes.forEach((node, at) => {
      if (at) row.append(make("span", "path-arrow", graph.share(edges[at - 1]) >= 0 ? " → " : " ⇢ "));
      const meaning = explorer.meaning(node);
      row.append(foreign(meaning ? `${meaning} (${graph.name(node)})` : graph.name(node)));
    });
    const amount = make("span", "share", `${sign >= 0 ? "+" : "\u2212"}${percent(strength, 2)}`);
    amount.title = "the product of the shares along the path";
    row.append(" ", amount);
    row.addEventListener("pointerenter", () => explorer.trace(edges));
    row.addEventListener("pointerleave", () => explorer.trace(null));
    item.append(row);
    return item;
  }

  around(selected) {
    const { explorer } = this;
    const { graph } = explorer;
    if (selected === null) return [];
    const bar = make("p", "node-actions");
    for (const [which, words] of [["ancestors", "Choose what leads to it"], ["descendants", "Choose what it leads to"]]) {
      bar.append(button(words, () => {
        const usable = new Uint8Array(graph.edgeCount);
        for (const edge of explorer.edges.edges) usable[edge] = 1;
        const nodes = relatives(graph.arrays, selected, which, usable).filter((node) => explorer.shown.shown[node]);
        explorer.choose(nodes);
        explorer.say(`${counted(nodes.length, "node")} over the edges that are shown.`);
      }));
    }
    return [make("h2", "", "Around the selected node"), bar];
  }

  differences() {
    const { explorer } = this;
    const answers = explorer.base.answers;
    if (answers.length < 2) return [];
    const { against } = explorer.store.state;
    const [first, second] = against ?? answers;
    const line = make("p", "panel-facts");
    const chosen = [first, second];
    const select = (at) => answerSelect(explorer.base, at ? "Answer to subtract" : "Answer to keep", chosen[at], (node) => { chosen[at] = node; });
    line.append(select(0), " less ", select(1));
    const bar = make("p", "node-actions");
    bar.append(button("Look at the difference", () => {
      if (chosen[0] === chosen[1]) explorer.say("Choose two different answers.");
      else explorer.store.change({ against: chosen, path: [] });
    }));
    if (against) bar.append(button("Back to the answers", () => explorer.store.change({ against: null, path: [] })));
    const words = make("p", "panel-facts", "Links, influence, scores and paths are then those of the difference of the two logits.");
    return [make("h2", "", "Difference of two answers"), words, line, bar];
  }
}

function answerSelect(graph, name, value, choose) {
  const answers = graph.answers.map((node) => [node, graph.name(node).replace(/^answer /, "")]);
  const select = choice(name, answers, (chosen) => choose(Number(chosen)));
  select.value = value;
  return select;
}
