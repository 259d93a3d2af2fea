// A second graph beside the first: its own link view, in which the matched nodes follow what is
// pointed at and selected in the first, and the other way round.
import { make } from "../../elements.js";
import { LinkView } from "../link_view/link_view.js";
import { Store, restingState } from "../state/state.js";
import { restingShares, shownEdges, shownNodes } from "../state/visible.js";
import { WorkerLink } from "../worker/worker_link.js";

export class Beside {
  constructor(explorer, graph) {
    this.explorer = explorer;
    this.graph = graph;
    this.worker = new WorkerLink();
    this.closing = new AbortController();
    this.chosen = [];
    this.found = [];
    this.path = [];
    this.root = make("div", "beside");
    this.title = make("p", "beside-title", String(graph.about.title || "the other graph"));
    this.title.dir = "auto";
  }

  async open() {
    this.whole = await this.worker.ask("open", { arrays: this.graph.arrays });
    this.store = new Store(restingState(this.graph, restingShares(this.whole)));
    this.shown = shownNodes(this.graph, this.whole, this.store.state);
    this.edges = shownEdges(this.graph, this.whole, this.store.state, this.shown.shown);
    this.links = new LinkView(this);
    this.root.append(this.title, this.links.root);
    this.layout = await this.worker.ask("layout", { tokens: this.graph.tokens.length, shown: this.shown.shown, room: this.links.room() });
    await this.showEdges();
    await this.links.showLayout(this.layout);
    this.follow();
  }

  async showEdges() {
    const colours = this.links.readColours();
    await this.worker.ask("scene", { scene: { layout: this.layout, shown: this.shown.shown, edges: this.edges.edges, colours } });
    if (this.links.layout) this.links.paint();
  }

  /** Sets the matches: for every node here its node in the first graph, or -1. */
  setMatch(match) {
    this.match = match;
    this.matched = Uint8Array.from(match, (node) => (node >= 0 ? 1 : 0));
    this.links?.draw();
  }

  /** Shows what is selected and pointed at in the first graph. */
  follow() {
    const { links, store } = this.explorer;
    const here = (node) => (node === null ? null : this.match.indexOf(node));
    const known = (node) => (node === null || node < 0 ? null : node);
    this.store.state = Object.freeze({ ...this.store.state, selected: known(here(store.state.selected)) });
    this.links.hovered = known(here(links.hovered));
    this.links.draw();
  }

  there(node) {
    return node !== null && this.match[node] >= 0 ? this.match[node] : null;
  }

  select(node) {
    this.explorer.select(this.there(node), true);
  }

  pin(node) {
    if (this.there(node) !== null) this.explorer.pin(this.there(node));
  }

  hovered(node) {
    const { links } = this.explorer;
    if (links.hovered !== this.there(node)) links.hover(this.there(node));
  }

  meaning(node) {
    return this.graph.givenMeaning(node);
  }

  choose() {}
  painted() {}
  showNode() {}

  close() {
    this.worker.close();
    this.closing.abort();
    this.root.remove();
  }
}
