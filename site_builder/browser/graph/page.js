// The explorer's page: opens the entry that the address names, or a file of the reader's own.
import { make } from "../elements.js";
import { Graph } from "./data/graph.js";
import { GraphProblem } from "./data/problem.js";
import { Explorer } from "./explorer.js";
import { ENTRY, downloadEntry, entryIn } from "./reading/entry_graph.js";
import { connectDrop, fileButton, readFile } from "./reading/open_file.js";
import { started } from "./timing.js";
import { WorkerLink } from "./worker/worker_link.js";

class ExplorerPage {
  constructor(root) {
    this.root = root;
    this.title = document.querySelector(".explorer-title");
    this.start = document.querySelector(".explorer-start");
  }

  async run() {
    const open = (file) => this.openFile(file);
    connectDrop(document.documentElement, open);
    document.querySelector(".explorer-open").append(fileButton(open));
    const entry = entryIn(location.search);
    if (entry === null) return;
    this.start.hidden = true;
    this.worker = new WorkerLink();
    try {
      await this.show(await downloadEntry(entry, () => started("shown")), `graph of ${entry}`);
    } catch (problem) {
      this.refuse(problem);
    }
  }

  /** Opens a file of the reader's own, in place of what is shown. */
  async openFile(file) {
    this.start.hidden = true;
    try {
      started("shown");
      const read = await readFile(file);
      if (this.explorer || location.search) history.pushState(null, "", location.pathname);
      await this.show(read, file.name);
      if (read.repairs?.length) this.explorer.say(`${file.name}: ${read.repairs.join("; ")}.`);
    } catch (problem) {
      this.refuse(problem);
    }
  }

  async show(read, where) {
    this.explorer?.close();
    const graph = new Graph(read, where);
    this.describe(graph);
    this.explorer = new Explorer(this.root, graph, this.worker ?? new WorkerLink());
    this.worker = null;
    window.graphExplorer = this.explorer; // for the reader's own console
    await this.explorer.open();
  }

  describe(graph) {
    const { about } = graph;
    const title = typeof about.title === "string" && about.title ? about.title : "A graph of your own";
    this.title.textContent = title;
    document.title = `${title} – graph`;
    const line = document.querySelector(".explorer-facts");
    line.replaceChildren();
    if (typeof about.entry === "string" && ENTRY.test(about.entry)) {
      const link = make("a", "", "The entry");
      link.href = `../circuits/${about.entry}/index.html`;
      line.append(link, " · ");
    }
    const prompt = make("q", "", String(about.prompt ?? ""));
    prompt.dir = "auto";
    line.append(prompt);
  }

  refuse(problem) {
    this.explorer?.close();
    this.explorer = null;
    const words = problem instanceof GraphProblem ? problem.message : `This graph could not be shown: ${problem.message}`;
    const line = make("p", "notice explorer-problem", words);
    line.setAttribute("role", "alert");
    this.root.replaceChildren(line);
    this.start.hidden = false;
  }
}

const root = document.querySelector(".explorer");
if (root) new ExplorerPage(root).run();
