// The link graph: a bitmap from the worker, moved with every gesture, and an overlay drawn at once.
import { make } from "../../elements.js";
import { GraphKeys } from "../keyboard/keys.js";
import { markedGroups, pinnedNodes } from "../state/state.js";
import { timed } from "../timing.js";
import { readColours } from "./colours.js";
import { Gestures } from "./gestures.js";
import { NodeGrid } from "./node_grid.js";
import { drawAxes, drawOverlay } from "./overlay.js";
import { FOOT, fitted, fromMiddle, held, moved, toMiddle, zoomed } from "./plane.js";

const REACH = 22; // pixels from a node at which it is meant
const OVERSCAN = 0.3; // of the frame, painted beyond each edge
const REMEMBERED = 400; // nodes whose sorted links are kept

export class LinkView {
  /** `explorer` has graph, store, worker, and select, pin, hover for what the reader does here. */
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("div", "link-view");
    this.base = make("canvas", "link-base");
    this.overlay = make("canvas", "link-overlay");
    for (const canvas of [this.base, this.overlay]) canvas.setAttribute("aria-hidden", "true");
    this.keys = new GraphKeys(explorer, this);
    this.root.append(this.base, this.overlay, this.keys.root);
    this.hovered = null;
    this.focused = null;
    this.lasso = [];
    this.links = new Map();
    this.painted = null; // {bitmap, view, frame}
    this.painting = false;
    this.gestures = new Gestures(this.overlay, this.actions());
    new ResizeObserver(() => this.resize()).observe(this.root);
    this.followAppearance(explorer.closing.signal);
  }

  // Until the graph is closed.
  followAppearance(signal) {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour(), { signal });
    const observer = new MutationObserver(() => this.recolour());
    observer.observe(document.documentElement, { attributeFilter: ["data-appearance"] });
    signal.addEventListener("abort", () => observer.disconnect());
  }

  actions() {
    const { explorer } = this;
    return {
      hover: (x, y) => timed("hover", () => this.hover(this.nodeAt(x, y))),
      leave: () => this.hover(null),
      select: (x, y) => {
        const node = this.nodeAt(x, y);
        if (node !== null) this.keys.put(node, true);
        explorer.select(node);
      },
      pin: (x, y) => {
        const node = this.nodeAt(x, y);
        if (node !== null) explorer.pin(node);
      },
      pan: (right, down) => timed("pan", () => this.look(moved(this.view, right, down))),
      zoom: (factor, x, y) => timed("zoom", () => this.look(zoomed(this.view, factor, x, y))),
      rest: () => explorer.store.change({ view: toMiddle(this.view, this.frame) }, "move"),
      lasso: (point, first) => {
        this.lasso = first ? [point] : [...this.lasso, point];
        this.draw();
      },
      lassoEnd: () => this.endLasso(),
    };
  }

  endLasso() {
    const line = this.lasso.map(([x, y]) => [(x - this.view.x) / this.view.scale, (y - this.view.y) / this.view.scale]);
    this.lasso = [];
    this.explorer.choose(line.length > 2 ? this.grid.inside(line) : []);
  }

  /** Shows a layout; the view follows the state. */
  async showLayout(layout) {
    this.layout = layout;
    this.grid = new NodeGrid(layout);
    this.links.clear();
    this.measure();
    this.lookAsState();
  }

  readColours() {
    this.colours ??= readColours(this.root);
    return this.colours;
  }

  /** The room for a layout that fills this view. */
  room() {
    const box = this.root.getBoundingClientRect();
    return { width: Math.max(320, box.width), height: Math.max(240, box.height - FOOT) };
  }

  measure() {
    const { width, height } = this.root.getBoundingClientRect();
    this.frame = { width: Math.max(width, 1), height: Math.max(height, 1), ratio: devicePixelRatio || 1 };
    for (const canvas of [this.base, this.overlay]) {
      canvas.width = Math.round(this.frame.width * this.frame.ratio);
      canvas.height = Math.round(this.frame.height * this.frame.ratio);
    }
    const style = getComputedStyle(document.documentElement);
    this.fonts = { sans: style.getPropertyValue("--sans"), mono: style.getPropertyValue("--mono") };
  }

  resize() {
    if (!this.layout) return;
    this.measure();
    this.lookAsState();
  }

  recolour() {
    if (!this.layout) return;
    this.colours = readColours(this.root);
    this.explorer.showEdges();
    this.draw();
  }

  lookAsState() {
    const wanted = this.explorer.store.state.view;
    this.look(wanted ? fromMiddle(wanted, this.frame) : fitted(this.layout, this.frame));
  }

  look(view) {
    this.view = held(view, this.layout, this.frame);
    this.draw();
    this.paint();
  }

  fit() {
    this.explorer.store.change({ view: null });
    this.lookAsState();
  }

  zoomBy(factor) {
    this.look(zoomed(this.view, factor, this.frame.width / 2, this.frame.height / 2));
    this.explorer.store.change({ view: toMiddle(this.view, this.frame) }, "move");
  }

  /** Moves the view just so far that a node is in sight. */
  reveal(node) {
    const [x, y] = this.screen(node);
    if (Number.isNaN(x)) return;
    const edge = 70;
    const right = x < edge ? edge - x : Math.min(0, this.frame.width - edge - x);
    const down = y < edge ? edge - y : Math.min(0, this.frame.height - 1.6 * edge - y);
    if (right || down) this.look(moved(this.view, right, down));
  }

  screen(node) {
    return [this.layout.x[node] * this.view.scale + this.view.x, this.layout.y[node] * this.view.scale + this.view.y];
  }

  nodeAt(x, y) {
    if (!this.grid) return null;
    return this.grid.nearest((x - this.view.x) / this.view.scale, (y - this.view.y) / this.view.scale, REACH / this.view.scale);
  }

  hover(node) {
    if (node === this.hovered) return;
    this.hovered = node;
    this.overlay.classList.toggle("on-node", node !== null);
    this.draw();
    this.explorer.hovered(node);
  }

  forget() {
    this.links.clear();
    this.hovered = null;
  }

  linksOf(node) {
    if (!this.links.has(node)) {
      if (this.links.size >= REMEMBERED) this.links.clear();
      const { graph } = this.explorer;
      this.links.set(node, { inputs: graph.inputs(node), outputs: graph.outputs(node) });
    }
    return this.links.get(node);
  }

  /** Asks for a new resting picture; while one is being made, the next waits for the latest view. */
  async paint() {
    if (this.painting) {
      this.again = true;
      return;
    }
    this.painting = true;
    this.again = false;
    const beyond = { x: this.frame.width * OVERSCAN, y: this.frame.height * OVERSCAN };
    const view = { scale: this.view.scale, x: this.view.x + beyond.x, y: this.view.y + beyond.y };
    const frame = { width: this.frame.width + 2 * beyond.x, height: this.frame.height + 2 * beyond.y, ratio: this.frame.ratio };
    const answer = await this.explorer.worker.ask("paint", { view, frame });
    this.painting = false;
    if (answer.bitmap) {
      this.painted?.bitmap.close();
      this.painted = answer;
      this.draw();
      this.explorer.painted();
    }
    if (this.again) this.paint();
  }

  /** The overlay always; what lies under it only if it would be another. */
  draw() {
    if (!this.layout || !this.view) return;
    const scene = this.scene();
    this.drawBase(scene);
    this.keys.place();
    const context = this.overlay.getContext("2d");
    context.setTransform(this.frame.ratio, 0, 0, this.frame.ratio, 0, 0);
    context.clearRect(0, 0, this.frame.width, this.frame.height);
    drawOverlay(context, scene);
  }

  drawBase(scene) {
    const strength = scene.active === null && !scene.shownLinks.length ? 1 : 0.35;
    const wanted = [this.view, this.painted, this.frame, this.colours, strength];
    if (this.drawn && wanted.every((each, at) => each === this.drawn[at])) return;
    this.drawn = wanted;
    const context = this.base.getContext("2d");
    const { ratio, width, height } = this.frame;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (this.painted) {
      const { bitmap, view, frame } = this.painted;
      const factor = this.view.scale / view.scale;
      context.globalAlpha = strength;
      context.drawImage(bitmap, this.view.x - view.x * factor, this.view.y - view.y * factor, frame.width * factor, frame.height * factor);
      context.globalAlpha = 1;
    }
    drawAxes(context, scene);
  }

  active() {
    const { state } = this.explorer.store;
    return this.hovered ?? this.focused ?? state.selected;
  }

  scene() {
    const { graph, store, found, chosen, path } = this.explorer;
    const { state } = store;
    return {
      graph, found, chosen,
      layout: this.layout,
      view: this.view,
      frame: this.frame,
      colours: this.colours,
      fonts: this.fonts,
      active: this.active(),
      selected: state.selected,
      pinned: pinnedNodes(state).filter((node) => !state.hidden.includes(node)),
      groups: markedGroups(state, graph),
      shownLinks: path,
      matched: this.explorer.matched ?? null, // marks of nodes that another graph has too
      shownNodes: this.explorer.shown.shown,
      lasso: this.lasso,
      linksOf: (node) => this.linksOf(node),
    };
  }

}
