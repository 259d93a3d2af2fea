// The tab that gives the graph away: pictures, tables, other programs' files, the citation.
import { make } from "../../elements.js";
import { saveFile } from "../../save_file.js";
import { button } from "../pieces.js";
import { neuronpediaJson } from "./export_neuronpedia.js";
import { graphPicture, pngOf, subgraphPicture, svgText } from "./export_picture.js";
import { contentOf, edgesCsv, graphMl, nodesCsv, ownJson } from "./export_tables.js";

export class ExportPanel {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "side-panel export-panel");
    this.onlyShown = make("input");
    this.onlyShown.type = "checkbox";
  }

  show() {
    const { about } = this.explorer.graph;
    const only = make("label", "tool-check");
    only.append(this.onlyShown, "only what is shown");
    const parts = [
      make("h2", "", "Pictures of what is shown"),
      this.row("Link graph", [["SVG", () => this.picture(graphPicture, "graph", "svg")], ["PNG", () => this.picture(graphPicture, "graph", "png")]]),
      this.row("Pinned nodes", [["SVG", () => this.picture(subgraphPicture, "pinned", "svg")], ["PNG", () => this.picture(subgraphPicture, "pinned", "png")]]),
      make("h2", "", "Data"),
      only,
      this.row("Tables", [["Nodes (CSV)", () => this.table(nodesCsv, "nodes.csv", "text/csv")], ["Edges (CSV)", () => this.table(edgesCsv, "edges.csv", "text/csv")]]),
      this.row("Whole graph", [
        ["JSON", () => this.table(ownJson, "graph.json", "application/json")],
        ["Neuronpedia JSON", () => this.table(neuronpediaJson, "neuronpedia.json", "application/json")],
        ["GraphML", () => this.table(graphMl, "graph.graphml", "application/graphml+xml")],
      ]),
    ];
    parts.push(this.neuronpedia());
    if (typeof about.citation === "string" && about.citation) parts.push(make("h2", "", "To cite the entry"), make("pre", "citation", about.citation));
    this.root.replaceChildren(...parts);
  }

  row(title, choices) {
    const line = make("div", "export-row");
    line.append(make("span", "export-title", title), ...choices.map(([words, act]) => button(words, act)));
    return line;
  }

  /** Where the shared JSON opens; the site itself asks nothing of it. */
  neuronpedia() {
    const note = make("p", "export-note", "Neuronpedia JSON opens in ");
    const link = make("a", "", "Neuronpedia’s graph validator");
    link.href = "https://www.neuronpedia.org/graph/validator";
    link.rel = "noopener";
    note.append(link, " and in circuit-tracer’s viewer. To publish it there, Neuronpedia must know the model.");
    return note;
  }

  async picture(draw, name, kind) {
    try {
      const made = draw(this.explorer);
      if (made === null) this.explorer.say("Nothing is pinned.");
      else if (kind === "svg") saveFile(this.name(`${name}.svg`), svgText(made), "image/svg+xml");
      else saveFile(this.name(`${name}.png`), await pngOf(made), "image/png");
    } catch (problem) {
      this.explorer.say(`The picture could not be made: ${problem.message}`);
    }
  }

  table(write, name, type) {
    const { explorer } = this;
    const { graph, store, influence } = explorer;
    const given = { graph, store, influence, shown: explorer.shown.shown, edges: explorer.edges.edges, meaning: (node) => explorer.meaning(node) };
    saveFile(this.name(name), write(contentOf(given, this.onlyShown.checked)), type);
  }

  name(ending) {
    const entry = String(this.explorer.graph.about.entry ?? "").replace(/[^a-z0-9-]/g, "");
    return entry ? `${entry}-${ending}` : ending;
  }
}
