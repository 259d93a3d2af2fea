// What is on the screen as an SVG for a paper: the link graph or the pinned nodes, a legend, a
// caption that says what is shown, and how to cite it. The PNG is drawn from the SVG.
import { svg } from "../../elements.js";
import { partLetter } from "../data/graph.js";
import { ANSWER, ERROR, FEATURE, TOKEN, isPlaced } from "../data/kinds.js";
import { glyphShape, glyphWay } from "../link_view/glyphs.js";
import { markedGroups } from "../state/state.js";
import { plain } from "./export_tables.js";

const RADIUS = 6;
const WIDEST = 5; // pixels: an edge that is all of its target's input
const TOKEN_ROOM = 74; // pixels under the lowest row
const LINE = 17; // pixels between lines of the caption
const LETTERS = 7; // pixels of a letter of the caption, on average
const PAPER_MARGIN = 18;
const PNG_SCALE = 2; // pixels of the PNG for one of the SVG
const LARGEST_SIDE = 12000; // pixels that a browser's canvas surely has
const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];

/** The link graph with the nodes and edges that are shown. */
export function graphPicture(explorer) {
  const { layout } = explorer;
  const colours = explorer.links.readColours();
  const body = svg("g", {});
  for (const row of layout.rows) {
    body.append(svg("line", { x1: 56, x2: layout.width - 8, y1: row.level, y2: row.level, stroke: colours.line }));
    body.append(words(row.name, { x: 6, y: row.level + 4, fill: colours.inkSoft, "font-size": 12 }));
  }
  for (const edge of [...explorer.edges.edges, ...explorer.path]) {
    const line = edgeLine(explorer, edge, colours);
    if (line) body.append(line);
  }
  layout.columns.forEach((column, position) => {
    const place = `${column.middle} ${layout.rows[0].bottom + 14}`;
    body.append(words(explorer.graph.tokens[position], { x: column.middle, y: layout.rows[0].bottom + 14, fill: colours.inkSoft, "font-size": 13, "text-anchor": "end", transform: `rotate(-40 ${place})` }));
  });
  body.append(...nodeMarks(explorer, colours));
  return sheet(explorer, body, { width: layout.width, height: layout.height + TOKEN_ROOM });
}

function edgeLine({ graph, layout }, edge, colours) {
  const [source, target] = [graph.arrays.columns[edge], graph.arrays.targets[edge]];
  if (Number.isNaN(layout.x[source] + layout.x[target])) return null;
  const share = graph.share(edge);
  return svg("line", {
    x1: layout.x[source].toFixed(1), y1: layout.y[source].toFixed(1), x2: layout.x[target].toFixed(1), y2: layout.y[target].toFixed(1),
    stroke: share >= 0 ? colours.positive[2] : colours.negative[2],
    "stroke-width": Math.max(0.5, WIDEST * Math.sqrt(Math.abs(share))).toFixed(2),
    "stroke-opacity": Math.min(0.85, 0.2 + 2 * Math.abs(share)).toFixed(2),
    ...(share >= 0 ? {} : { "stroke-dasharray": "5 4" }),
  });
}

function nodeMarks(explorer, colours) {
  const { graph, layout, shown, store } = explorer;
  const marks = [];
  const groups = new Map(markedGroups(store.state, graph).flatMap((group) => group.nodes.map((node) => [node, group.mark])));
  for (let node = 0; node < graph.count; node++) {
    if (!shown.shown[node] || !isPlaced(graph.kind(node)) || Number.isNaN(layout.x[node])) continue;
    const [x, y] = [layout.x[node], layout.y[node]];
    const style = colours.nodes[glyphShape(graph.kind(node)).style];
    if (groups.has(node)) {
      const colour = colours.parts[groups.get(node) % colours.parts.length];
      marks.push(svg("circle", { cx: x, cy: y, r: RADIUS + 2, fill: colours.raised, stroke: colour, "stroke-width": 2 }));
      marks.push(words(partLetter(groups.get(node)), { x, y: y + 3.6, fill: colour, "font-size": 10, "font-weight": 700, "text-anchor": "middle" }));
    } else marks.push(svg("path", { d: glyphWay(graph.kind(node), x, y, RADIUS), fill: style.fill, stroke: style.stroke, "stroke-width": style.width }));
    if (graph.kind(node) === ANSWER) marks.push(words(graph.name(node).replace(/^answer /, ""), { x, y: y - 12, fill: colours.ink, "font-size": 13, transform: `rotate(-40 ${x} ${y - 12})` }));
  }
  return marks;
}

/** The cards of pinned nodes and parts; the style sheet's look is written into each element. */
export function subgraphPicture(explorer) {
  const drawn = explorer.subgraph.picture.querySelector("svg");
  if (!drawn) return null;
  const copy = drawn.cloneNode(true);
  const [from, to] = [drawn.querySelectorAll("*"), copy.querySelectorAll("*")];
  from.forEach((element, at) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) to[at].setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "tabindex", "role", "aria-label", "aria-pressed"]) to[at].removeAttribute(name);
  });
  const body = svg("g", {});
  body.append(...copy.childNodes);
  const [, , width, height] = drawn.getAttribute("viewBox").split(" ").map(Number);
  return sheet(explorer, body, { width, height });
}

// The picture on paper: legend, caption and citation under it.
function sheet(explorer, body, { width, height }) {
  const colours = explorer.links.readColours();
  const wide = Math.max(width, 560);
  const lines = [...legendAndCaption(explorer, wide)];
  const whole = height + 40 + lines.length * LINE + PAPER_MARGIN;
  const frame = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width: wide, height: whole, viewBox: `0 0 ${wide} ${whole}`, "font-family": "Helvetica, Arial, sans-serif" });
  frame.append(svg("rect", { width: wide, height: whole, fill: colours.raised }), body, legend(colours, height + 18));
  lines.forEach((line, at) => frame.append(words(line, { x: PAPER_MARGIN, y: height + 50 + at * LINE, fill: at ? colours.inkSoft : colours.ink, "font-size": 12 })));
  return frame;
}

function legend(colours, y) {
  const frame = svg("g", {});
  let x = PAPER_MARGIN;
  const items = [[FEATURE, "feature"], [ERROR, "error"], [TOKEN, "token"], [ANSWER, "answer"]];
  for (const [kind, name] of items) {
    const style = colours.nodes[glyphShape(kind).style];
    frame.append(svg("path", { d: glyphWay(kind, x + 6, y, 5), fill: style.fill, stroke: style.stroke }));
    frame.append(words(name, { x: x + 16, y: y + 4, fill: colours.inkSoft, "font-size": 12 }));
    x += 30 + name.length * LETTERS;
  }
  for (const [name, colour, dash] of [["raises", colours.positive[2], null], ["lowers", colours.negative[2], "5 4"]]) {
    frame.append(svg("line", { x1: x, x2: x + 24, y1: y, y2: y, stroke: colour, "stroke-width": 2, ...(dash ? { "stroke-dasharray": dash } : {}) }));
    frame.append(words(name, { x: x + 30, y: y + 4, fill: colours.inkSoft, "font-size": 12 }));
    x += 44 + name.length * LETTERS;
  }
  return frame;
}

function* legendAndCaption(explorer, wide) {
  const { about } = explorer.graph;
  const letters = Math.floor((wide - 2 * PAPER_MARGIN) / (LETTERS - 0.8));
  yield* broken(`${about.title || "Attribution graph"}. Prompt: “${about.prompt ?? ""}”.`, letters);
  for (const group of markedGroups(explorer.store.state, explorer.graph)) yield* broken(`${partLetter(group.mark)}: ${group.label}`, letters);
  yield* broken(`${explorer.thresholds.words.textContent} Width: share of the target’s input.`, letters);
  const from = [about.model, about.dictionary].filter(Boolean).join(", ");
  yield* broken(`${from ? `${from}. ` : ""}LLM Circuits Atlas${about.entry ? `, entry ${about.entry}` : ""}${about.licence ? `, ${about.licence}` : ""}.`, letters);
}

function broken(text, letters) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1];
    if (last && last.length + word.length + 1 > letters) lines.push(word.slice(0, letters));
    else lines[lines.length - 1] = last ? `${last} ${word}` : word.slice(0, letters);
  }
  return lines;
}

function words(text, attributes) {
  const made = svg("text", attributes);
  made.textContent = plain(text);
  return made;
}

export function svgText(picture) {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}`;
}

/** The picture as the bytes of a PNG, at twice its size where that is not too large. */
export async function pngOf(picture) {
  const [width, height] = ["width", "height"].map((name) => Number(picture.getAttribute(name)));
  const scale = Math.min(PNG_SCALE, LARGEST_SIDE / Math.max(width, height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(picture))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large for this browser"))), "image/png");
  });
}
