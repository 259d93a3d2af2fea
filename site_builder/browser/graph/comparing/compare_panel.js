// The tab that puts a second graph beside this one: another entry's or a file of the reader's own.
import { make } from "../../elements.js";
import { signedPercent, whole } from "../../numbers.js";
import { Graph } from "../data/graph.js";
import { button, choice, foreign } from "../pieces.js";
import { downloadEntry, entryIn } from "../reading/entry_graph.js";
import { fileButton, readFile } from "../reading/open_file.js";
import { Beside } from "./beside.js";
import { compareGraphs, matchNodes } from "./matching.js";

const MOST = 30; // edges in the table

export class ComparePanel {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "side-panel compare-panel");
    this.anyPosition = make("input");
    this.anyPosition.type = "checkbox";
    this.anyPosition.addEventListener("change", () => this.match());
  }

  show() {
    const select = choice("Entry to compare with", [["", "an entry …"], ...entries()], (beside) => this.explorer.store.change({ beside }));
    select.value = this.explorer.store.state.beside;
    const line = make("p", "panel-facts");
    line.append("Put beside it ", select, " or ", fileButton((file) => this.take(() => readFile(file), file.name)));
    this.root.replaceChildren(make("h2", "", "Two graphs"), line, ...(this.beside ? this.results() : []));
  }

  /** Puts the graph of an entry beside this one; none for "". */
  openEntry(entry) {
    if (entry) this.take(() => downloadEntry(entry), `graph of ${entry}`);
    else if (this.beside) {
      this.close();
      if (!this.root.hidden) this.show();
    }
  }

  async take(read, where) {
    try {
      const graph = new Graph(await read(), where);
      this.close();
      this.beside = new Beside(this.explorer, graph);
      this.match();
      this.explorer.showBeside(this.beside);
      await this.beside.open();
      this.show();
    } catch (problem) {
      this.explorer.say(problem.message);
    }
  }

  match() {
    const { graph } = this.explorer;
    const other = this.beside.graph;
    this.found = matchNodes(graph, other, this.anyPosition.checked);
    const back = new Int32Array(other.count).fill(-1);
    this.found.forEach((there, here) => { if (there >= 0) back[there] = here; });
    this.explorer.matched = Uint8Array.from(this.found, (node) => (node >= 0 ? 1 : 0));
    this.beside.setMatch(back);
    this.explorer.links.draw();
    if (this.beside.links) this.show();
  }

  results() {
    const { graph } = this.explorer;
    const said = compareGraphs(graph, this.beside.graph, this.found, MOST);
    const label = make("label", "tool-check");
    label.append(this.anyPosition, "match a feature also at other tokens");
    const list = make("dl", "compare-figures");
    const add = (name, words) => list.append(make("dt", "", name), make("dd", "", words));
    for (const [name, words] of [["features", "features"], ["nodes", "nodes without tokens"], ["edges", "edges"]]) {
      add(words, `${whole(said[name].shared)} in both, of ${whole(said[name].one)} here and ${whole(said[name].other)} there`);
    }
    if (said.correlation !== null) add("shares of edges between shared nodes", `correlation ${said.correlation.toFixed(2)}`);
    return [label, list, make("h2", "", "Edges that differ most"), this.table(said.largest), button("Take it away", () => this.takeAway())];
  }

  table(edges) {
    const { graph } = this.explorer;
    const table = make("table", "graph-table");
    const head = make("tr");
    for (const title of ["From", "To", "Here", "There"]) head.append(make("th", title === "Here" || title === "There" ? "number" : "", title));
    const body = make("tbody");
    for (const { source, target, here, there } of edges) {
      const row = make("tr");
      row.append(foreign(`${graph.name(source)}${graph.where(source)}`, "", "td"), foreign(`${graph.name(target)}${graph.where(target)}`, "", "td"));
      row.append(make("td", "number", signedPercent(here)), make("td", "number", signedPercent(there)));
      body.append(row);
    }
    table.append(head, body);
    return table;
  }

  takeAway() {
    if (this.explorer.store.state.beside) this.explorer.store.change({ beside: "" });
    else this.openEntry("");
  }

  close() {
    this.beside?.close();
    this.beside = null;
    this.explorer.matched = null;
    this.explorer.showBeside(null);
  }
}

// The entries that the page lists.
function entries() {
  return [...document.querySelectorAll(".explorer-entries a")].map((link) => [entryIn(link.search) ?? "", link.textContent]).filter(([entry]) => entry);
}
