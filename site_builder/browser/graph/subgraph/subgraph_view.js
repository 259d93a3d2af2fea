// The pane of what is pinned: a card for each pinned node and each part, later layers higher, with
// the links between them.
import { make, svg } from "../../elements.js";
import { percent } from "../../numbers.js";
import { ANSWER, TOKEN } from "../data/kinds.js";
import { glyphWay } from "../link_view/glyphs.js";
import { button, shortened } from "../pieces.js";
import { effectMarks, effectsOn } from "./effects.js";
import { itemsOf, linksBetween } from "./items.js";

const CARD = { width: 132, height: 38 };
const GAP = { across: 18, up: 26 };
const SMALLEST_SCALE = 0.88;
const EDGE = 14; // pixels around the picture
const EFFECT_ROOM = 130; // pixels beside the cards, for the figures of interventions
const WIDEST = 9; // pixels: all of the target's input
const LONGEST = 16; // characters on a card

export class SubgraphView {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("section", "pane subgraph-pane");
    this.root.setAttribute("aria-label", "Pinned nodes and parts");
    const bar = make("div", "pane-bar");
    this.scores = make("p", "subgraph-scores");
    this.scores.setAttribute("aria-live", "polite");
    this.clear = button("Unpin all", () => explorer.store.change({ pins: [], groups: [] }), "tool quiet-tool");
    bar.append(make("h2", "", "Pinned"), this.scores, this.clear);
    this.picture = make("div", "subgraph-scroll");
    this.root.append(bar, this.picture);
    this.room = { width: 0, height: 0 };
    new ResizeObserver(([entry]) => {
      this.room = entry.contentRect;
      this.show();
    }).observe(this.picture);
  }

  show() {
    const { graph, store } = this.explorer;
    const items = itemsOf(graph, store.state);
    this.clear.hidden = !items.length;
    // Low until something is pinned for the first time; after that it stays, so that nothing jumps.
    this.used ||= items.length > 0;
    this.root.classList.toggle("subgraph-empty", !this.used);
    if (!items.length) {
      this.scores.textContent = "";
      this.picture.replaceChildren(make("p", "panel-empty", "Pin a node with P, Ctrl-click or a long press, and it stays here with its links to the others."));
      return;
    }
    const effects = effectsOn(items, graph);
    const size = arrange(items, graph, effects.length ? 1.7 : 2.6);
    if (effects.length) size.width += EFFECT_ROOM;
    const picture = svg("svg", { class: "subgraph", viewBox: `0 0 ${size.width} ${size.height}`, ...this.drawnSize(size), role: "group", "aria-label": "Pinned nodes and parts with the links between them" });
    for (const link of linksBetween(items, graph)) picture.append(...linkMarks(link));
    effects.forEach((effect, at) => picture.append(effectMarks(effect, CARD, at)));
    for (const item of items) picture.append(this.card(item));
    this.picture.replaceChildren(picture);
  }

  // Smaller where the pane is, but never so small that cards cannot be read; then the pane scrolls.
  drawnSize(size) {
    const { width, height } = this.room;
    const factor = Math.max(SMALLEST_SCALE, Math.min(1, (width - 2) / size.width, (height - 2) / size.height));
    return { width: Math.round(size.width * factor), height: Math.round(size.height * factor) };
  }

  showScores(scores) {
    const words = [["replacement", "influence that starts at tokens; features that are not pinned count as errors"], ["completeness", "input that does not come from errors, averaged by influence; features that are not pinned count as errors"]];
    this.scores.replaceChildren(...words.flatMap(([name, meaning]) => {
      if (scores[name] === null) return [];
      const each = make("span", "score", `${name} `);
      each.title = meaning;
      each.append(make("strong", "", scores[name].toFixed(3)));
      return [each];
    }));
  }

  card(item) {
    const { explorer } = this;
    const { state } = explorer.store;
    const selected = item.nodes.includes(state.selected);
    const frame = svg("g", { class: `card ${item.className}${selected ? " card-selected" : ""}`, transform: `translate(${item.x} ${item.y})`, tabindex: 0, role: "button", "aria-pressed": selected });
    frame.append(svg("rect", { width: CARD.width, height: CARD.height, rx: 5 }));
    const mark = item.letter ? svg("text", { class: "card-letter", "aria-hidden": "true", x: 14, y: CARD.height / 2 + 5 }) : svg("path", { d: glyphWay(item.kind, 14, CARD.height / 2, 5) });
    if (item.letter) mark.textContent = item.letter;
    const name = svg("text", { class: "card-name", "aria-hidden": "true", x: 27, y: item.place ? 16 : 23 });
    name.textContent = shortened(item.name, LONGEST);
    const title = svg("title"); // also the name that is read out
    title.textContent = item.words;
    frame.append(title, mark, name);
    if (item.place) {
      const place = svg("text", { class: "card-place", "aria-hidden": "true", x: 27, y: 30 });
      place.textContent = shortened(item.place, LONGEST);
      frame.append(place);
    }
    const choose = () => explorer.select(item.nodes[0], true);
    frame.addEventListener("click", choose);
    frame.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    });
    frame.addEventListener("pointerenter", () => explorer.links.hover(item.nodes[0]));
    frame.addEventListener("pointerleave", () => explorer.links.hover(null));
    return frame;
  }
}

// A row per layer that occurs, tokens lowest; in a row by position, over so many cards' width or more.
function arrange(items, graph, cards) {
  const { layer, position, kind } = graph.arrays;
  const level = (node) => (kind[node] === ANSWER ? Infinity : kind[node] === TOKEN ? -1 : layer[node]);
  const middle = (item) => item.nodes.reduce((sum, node) => sum + Math.max(position[node], 0), 0) / item.nodes.length;
  const rows = new Map();
  for (const item of items) {
    const of = Math.max(...item.nodes.map(level));
    rows.set(of, [...(rows.get(of) ?? []), item]);
  }
  const levels = [...rows.keys()].sort((first, second) => first - second);
  const widest = Math.max(...[...rows.values()].map((row) => row.length));
  const width = Math.max(widest * (CARD.width + GAP.across) - GAP.across, cards * CARD.width);
  const tokens = Math.max(graph.tokens.length - 1, 1);
  levels.forEach((of, line) => {
    const row = rows.get(of).sort((first, second) => middle(first) - middle(second));
    let least = 0;
    row.forEach((item, at) => {
      const room = width - (row.length - at) * (CARD.width + GAP.across) + GAP.across;
      item.x = EDGE + Math.max(least, Math.min(room, (middle(item) / tokens) * (width - CARD.width)));
      least = item.x - EDGE + CARD.width + GAP.across;
      item.y = EDGE + (levels.length - 1 - line) * (CARD.height + GAP.up);
    });
  });
  return { width: width + 2 * EDGE, height: levels.length * (CARD.height + GAP.up) - GAP.up + 2 * EDGE };
}

function linkMarks({ source, target, share }) {
  const [x1, y1] = [source.x + CARD.width / 2, source.y];
  const [x2, y2] = [target.x + CARD.width / 2, target.y + CARD.height];
  const sameRow = source.y === target.y;
  const bend = sameRow ? -30 : (y1 - y2) / 2;
  const end = sameRow ? target.y : y2;
  const way = sameRow ? `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${end + bend} ${x2} ${end}` : `M${x1} ${y1}C${x1} ${y1 - bend} ${x2} ${end + bend} ${x2} ${end + 5}`;
  const path = svg("path", { class: `subgraph-link ${share >= 0 ? "edge-positive" : "edge-negative"}`, d: way, "stroke-width": Math.max(1, WIDEST * Math.sqrt(Math.abs(share))).toFixed(1) });
  const title = svg("title");
  title.textContent = `${source.name} to ${target.name}: ${percent(share, 1)} of the target’s input`;
  path.append(title);
  const head = svg("path", { class: share >= 0 ? "head-positive" : "head-negative", d: sameRow ? `M${x2 - 4} ${end - 7}h8l-4 7z` : `M${x2 - 4} ${end + 7}h8l-4-7z` });
  return [path, head];
}
