// The explorer of one graph: its panes, and what happens when the reader does something.
import { withDifference } from "./data/difference.js";
import { answerWeights, scores } from "./data/flow.js";
import { Graph } from "./data/graph.js";
import { buildPanes } from "./panes/panes.js";
import { button } from "./pieces.js";
import { readAddress, writeAddress } from "./state/address.js";
import { remember, remembered } from "./state/memory.js";
import { Store, pinnedNodes, restingState, togglePin } from "./state/state.js";
import { restingShares, shownEdges, shownNodes } from "./state/visible.js";
import { finished, timed } from "./timing.js";
import { groupOf } from "./toolbar/toolbar.js";

const ADDRESS_DELAY = 250; // milliseconds: a drag or a slider is one step of the history

export class Explorer {
  /** `worker` is a WorkerLink, which takes as long to start as the file to come. */
  constructor(root, graph, worker) {
    this.root = root;
    this.graph = graph;
    this.base = graph; // without the difference of two answers
    this.worker = worker;
    this.closing = new AbortController(); // what listens for as long as this graph is open
    this.chosen = [];
    this.found = [];
    this.path = [];
  }

  /** Reads the graph through, then shows it. The time since the file's bytes came is graph:shown. */
  async open() {
    await this.read(null);
    let { state, missing } = readAddress(location.hash, this.resting, this.graph);
    if (state.against) {
      await this.read(state.against);
      ({ state, missing } = readAddress(location.hash, this.resting, this.graph));
    }
    this.store = new Store(state);
    buildPanes(this);
    const before = remembered(this.base);
    if (!location.hash && before) this.offer(before);
    if (missing) this.say(`${missing} nodes of this address are not in the graph.`);
    this.store.listen((now, before, how) => this.changed(now, before, how));
    const { search } = location;
    addEventListener("popstate", () => {
      if (location.search !== search) location.reload(); // another graph
      else this.store.replace(readAddress(location.hash, this.resting, this.graph).state);
    }, { signal: this.closing.signal });
    const first = new Promise((resolve) => { this.firstPainted = resolve; });
    this.subgraph.show();
    await this.showGraph();
    this.path = this.graph.edgesAlong(state.path);
    this.find();
    this.showNode();
    this.toolbar.show();
    this.side.show();
    this.showScores();
    if (state.beside) this.compare.openEntry(state.beside);
    await first;
    finished("shown");
    this.root.dataset.ready = "yes";
  }

  /** Reads the file's graph through, or the one with the difference of two answers. */
  async read(against) {
    this.graph = against ? new Graph(withDifference(this.base.read, ...against), "difference") : this.base;
    this.whole = await this.worker.ask("open", { arrays: this.graph.arrays });
    this.influence = this.whole.influence;
    this.whole.largest = this.influence.reduce((largest, each) => Math.max(largest, each), 0) || 1;
    this.resting = restingState(this.graph, restingShares(this.whole));
  }

  /** After the answer that is looked at has changed: everything anew, with the same numbers of nodes. */
  async reread() {
    const { state } = this.store;
    await this.read(state.against);
    this.links.forget();
    this.shown = null;
    const known = (nodes) => nodes.filter((node) => node < this.graph.count);
    const selected = state.against ? this.graph.bestAnswer() : state.selected < this.graph.count ? state.selected : null;
    this.store.change({ pins: known(state.pins), hidden: known(state.hidden), selected }, "move");
    await this.showGraph();
    this.showNode();
    this.side.show();
    this.showScores();
  }

  /** Draws these edges as a path; null for that of the state. */
  trace(edges) {
    this.path = edges ?? this.graph.edgesAlong(this.store.state.path);
    this.links.draw();
  }

  /** Offers what this browser remembers of the graph. */
  offer(hash) {
    const take = button("Go on where you were", () => {
      history.pushState(null, "", `#${hash}`);
      this.store.replace(readAddress(hash, this.resting, this.graph).state);
    }, "tool quiet-tool");
    this.message.replaceChildren("You have worked on this graph before. ", take);
  }

  say(words) {
    this.message.textContent = words;
  }

  changed(now, before, how) {
    const differs = (...names) => names.some((name) => now[name] !== before[name]);
    this.say("");
    if (how !== "history") this.writeAddress(how);
    if (String(now.against) !== String(before.against)) {
      this.reread();
      return;
    }
    if (differs("beside")) this.compare.openEntry(now.beside);
    if (differs("path")) this.path = this.graph.edgesAlong(now.path);
    if (differs("nodeShare", "errors", "hidden", "pins", "groups")) this.showGraph(differs("errors") || now.links === "pinned");
    if (differs("edgeShare", "links", "sign")) this.showEdges();
    if (differs("view") && how === "history") this.links.lookAsState();
    if (differs("search", "labels", "hidden", "nodeShare", "errors")) this.find();
    // Before the panes change: a canvas that sets a font waits for the styles of all that has changed.
    this.links.draw();
    if (differs("pins", "groups", "hidden", "labels", "selected")) this.subgraph.show();
    if (differs("pins", "groups")) this.showScores();
    if (differs("selected", "groups", "labels")) this.showNode();
    else if (differs("pins")) this.panel.refresh();
    if (differs("tab") || this.store.state.tab !== "node") this.side.show();
    this.toolbar.show();
    if (this.beside?.links) this.beside.follow();
  }

  /** Shows a second graph at the side of this one, or only this one. */
  showBeside(beside) {
    this.beside = beside;
    this.views.replaceChildren(this.links.root, ...(beside ? [beside.root] : []));
    this.views.classList.toggle("two-views", Boolean(beside));
    this.shown = null; // the room has changed, and with it the places
    this.showGraph();
  }

  find() {
    this.found = this.toolbar.search.find();
  }

  /** Nodes, edges and their places; the places only where other nodes are shown than before. */
  async showGraph(edgesToo = true) {
    const nodes = shownNodes(this.graph, this.whole, this.store.state);
    const same = this.shown && this.shown.shown.every((mark, node) => mark === nodes.shown[node]);
    if (same && !edgesToo) return;
    this.shown = nodes;
    if (!same) {
      const layout = await this.worker.ask("layout", { tokens: this.graph.tokens.length, shown: nodes.shown, room: this.links.room() });
      if (this.shown !== nodes) return; // the reader has gone on
      this.layout = layout;
    }
    await this.showEdges();
    if (!same) await this.links.showLayout(this.layout);
  }

  async showEdges() {
    this.edges = shownEdges(this.graph, this.whole, this.store.state, this.shown.shown);
    this.thresholds.show(this.store.state, this.shown, this.edges);
    await this.sendScene();
    if (this.links.layout) this.links.paint();
  }

  sendScene() {
    if (!this.layout) return Promise.resolve();
    const colours = this.links.readColours();
    return this.worker.ask("scene", { scene: { layout: this.layout, shown: this.shown.shown, edges: this.edges.edges, colours } });
  }

  painted() {
    this.firstPainted?.();
    this.firstPainted = null;
  }

  /** The panel describes a node that is pointed at or has the keyboard, else the selected one, else the answer. */
  showNode(node = null) {
    this.panel.show(node ?? this.store.state.selected ?? this.graph.bestAnswer());
  }

  hovered(node) {
    if (this.beside?.links) this.beside.follow();
    // The panel follows the pointer only while nothing is selected: a list that changes cannot be clicked.
    if (this.store.state.selected !== null) return;
    cancelAnimationFrame(this.showing);
    this.showing = requestAnimationFrame(() => this.showNode(node));
  }

  select(node, reveal = false) {
    this.store.change({ selected: node === this.store.state.selected && !reveal ? null : node });
    if (reveal && node !== null) this.links.reveal(node);
  }

  pin(node) {
    timed("pin", () => this.store.change(togglePin(this.store.state, node)));
  }

  /** The node that a command means: the one with the keyboard, or the selected one. */
  currentNode() {
    return this.links.focused ?? this.store.state.selected;
  }

  hide(nodes = this.chosen.length ? this.chosen : [this.currentNode()].filter((node) => node !== null)) {
    const { state } = this.store;
    if (!nodes.length) return;
    this.store.change({ hidden: [...new Set([...state.hidden, ...nodes])], selected: nodes.includes(state.selected) ? null : state.selected });
    this.choose([]);
  }

  group(nodes = this.chosen.length ? this.chosen : this.store.state.pins) {
    if (nodes.length < 2) {
      this.say("A group needs two nodes: choose them with the lasso, or pin them.");
      return;
    }
    this.store.change(groupOf(nodes, this));
    this.choose([]);
  }

  ungroup(group) {
    const { state } = this.store;
    this.store.change({ groups: state.groups.filter((each) => each !== group), pins: [...state.pins, ...group.nodes] });
  }

  choose(nodes) {
    this.chosen = nodes;
    this.links.draw();
    this.toolbar.show();
  }

  meaning(node) {
    return this.store.state.labels.get(node) || this.graph.givenMeaning(node);
  }

  /** What a node means, with its name in brackets, or its name alone; then its token. */
  named(node) {
    const meaning = this.meaning(node);
    const name = this.graph.name(node);
    return `${meaning ? `${meaning} (${name})` : name}${this.graph.where(node)}`;
  }

  /** The scores of what is pinned. */
  showScores() {
    const nodes = pinnedNodes(this.store.state);
    if (!nodes.length) return;
    const { arrays, count } = this.graph;
    const pinned = new Uint8Array(count);
    for (const node of nodes) pinned[node] = 1;
    this.subgraph.showScores(timed("scores", () => scores(arrays, answerWeights(arrays), pinned)));
  }

  // A step becomes an entry of the history, once what it changed is drawn; moves are put together.
  writeAddress(how) {
    clearTimeout(this.writing);
    const { state } = this.store;
    const write = () => {
      const hash = writeAddress(state, this.resting, this.graph);
      remember(this.base, hash);
      const address = `${location.pathname}${location.search}${hash ? `#${hash}` : ""}`;
      if (how === "step") history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    };
    if (how === "step") setTimeout(write);
    else this.writing = setTimeout(write, ADDRESS_DELAY);
  }

  close() {
    this.beside?.close();
    this.worker.close();
    this.closing.abort();
    clearTimeout(this.writing);
    this.root.replaceChildren();
  }
}
