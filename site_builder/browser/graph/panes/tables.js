// The graph as two tables, for screen readers and for whoever likes numbers: nodes by influence,
// edges by importance. They hold what is shown, a page at a time.
import { make } from "../../elements.js";
import { counted, number, percent, signedPercent, whole } from "../../numbers.js";
import { button, foreign } from "../pieces.js";
import { pinnedNodes } from "../state/state.js";

const ROWS = 50; // on a page

export class Tables {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "side-panel tables-panel");
    this.first = { nodes: 0, edges: 0 };
  }

  show() {
    this.root.replaceChildren(this.nodes(), this.edges());
  }

  nodes() {
    const { explorer } = this;
    const { graph, influence } = explorer;
    const nodes = [...explorer.whole.nodeOrder].filter((node) => explorer.shown.shown[node]);
    const pinned = new Set(pinnedNodes(explorer.store.state));
    const rows = (from) => nodes.slice(from, from + ROWS).map((node) => {
      const row = make("tr");
      const name = make("th");
      name.scope = "row";
      const choose = button("", () => explorer.select(node, true), "table-node");
      choose.append(foreign(explorer.named(node)));
      name.append(choose);
      row.append(name, make("td", "", graph.kindName(node)), make("td", "number", number(graph.arrays.value[node])), make("td", "number", percent(influence[node] / explorer.whole.largest, 1)), make("td", "", pinned.has(node) ? "yes" : ""));
      return row;
    });
    return this.paged("nodes", `${counted(nodes.length, "node")}, the most influential first`, ["Node", "Kind", "Value", "Influence", "Pinned"], [nodes.length, rows]);
  }

  edges() {
    const { explorer } = this;
    const { graph } = explorer;
    const { columns, targets, weights } = graph.arrays;
    const edges = [...explorer.edges.edges].reverse();
    const rows = (from) => edges.slice(from, from + ROWS).map((edge) => {
      const row = make("tr");
      row.append(foreign(explorer.named(columns[edge]), "", "td"), foreign(explorer.named(targets[edge]), "", "td"), make("td", "number", signedPercent(graph.share(edge))), make("td", "number", number(weights[edge])));
      return row;
    });
    return this.paged("edges", `${counted(edges.length, "edge")}, the most important first`, ["From", "To", "Share", "Weight"], [edges.length, rows]);
  }

  paged(name, words, titles, [count, rows]) {
    const frame = make("div");
    const table = make("table", "graph-table");
    const head = make("tr");
    for (const title of titles) {
      const cell = make("th", ["Value", "Influence", "Share", "Weight"].includes(title) ? "number" : "", title);
      cell.scope = "col";
      head.append(cell);
    }
    const body = make("tbody");
    const thead = make("thead");
    thead.append(head);
    this.first[name] = Math.min(this.first[name], Math.max(0, count - 1));
    const from = this.first[name];
    body.append(...rows(from));
    table.append(make("caption", "", words), thead, body);
    frame.append(table);
    if (count > ROWS) frame.append(this.pager(name, from, count));
    return frame;
  }

  pager(name, from, count) {
    const line = make("p", "table-pager");
    const turn = (step) => () => {
      this.first[name] = from + step * ROWS;
      this.show();
    };
    const back = button("Before", turn(-1));
    const on = button("Next", turn(1));
    back.disabled = from === 0;
    on.disabled = from + ROWS >= count;
    line.append(back, make("span", "", `${whole(from + 1)} to ${whole(Math.min(from + ROWS, count))} of ${whole(count)}`), on);
    return line;
  }
}
