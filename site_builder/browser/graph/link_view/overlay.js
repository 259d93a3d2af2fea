// What lies over the resting picture and follows every move: axes, the links of the node that is
// looked at, rings around selected, pinned and found nodes, letters of parts, the lasso.
import { partLetter } from "../data/graph.js";
import { shortened } from "../pieces.js";
import { addGlyph, glyphShape } from "./glyphs.js";
import { nodeRadius } from "./painter.js";
import { FOOT } from "./plane.js";

const LINKS = 60; // of the node that is looked at, in each direction, strongest first
const WIDEST = 8; // pixels: an edge that is all of its target's input
const LONGEST = 16; // characters of a token
const LETTERED = 3.2; // pixels: the radius from which parts have their letter
const SMALLEST_LETTER = 10; // pixels

export function drawOverlay(context, scene) {
  const { active, frame } = scene;
  context.save();
  context.beginPath();
  context.rect(0, 0, frame.width, frame.height - FOOT + 20);
  context.clip();
  for (const edge of scene.shownLinks) drawLink(context, scene, edge);
  if (active !== null) drawNear(context, scene);
  drawParts(context, scene);
  if (scene.matched) drawMatched(context, scene);
  for (const node of scene.found) ring(context, scene, node, 4.5, scene.colours.found, 2.5);
  for (const node of scene.chosen) ring(context, scene, node, 4.5, scene.colours.accent, 1.5, [3, 2]);
  for (const node of scene.pinned) ring(context, scene, node, 2.8, scene.colours.ink, 1.3);
  if (scene.selected !== null) ring(context, scene, scene.selected, 4.5, scene.colours.accent, 3);
  drawAnswers(context, scene);
  drawLasso(context, scene);
  context.restore();
}

function place({ layout, view }, node) {
  return [layout.x[node] * view.scale + view.x, layout.y[node] * view.scale + view.y];
}

function drawNear(context, scene) {
  const { graph, active, linksOf } = scene;
  const { inputs, outputs } = linksOf(active);
  const edges = [...inputs.slice(0, LINKS), ...outputs.slice(0, LINKS)];
  for (const edge of [...edges].reverse()) drawLink(context, scene, edge);
  for (const edge of edges) {
    const { columns, targets } = graph.arrays;
    drawNode(context, scene, columns[edge] === active ? targets[edge] : columns[edge]);
  }
  drawNode(context, scene, active, true);
}

function drawLink(context, scene, edge) {
  const { graph, colours } = scene;
  const [x1, y1] = place(scene, graph.arrays.columns[edge]);
  const [x2, y2] = place(scene, graph.arrays.targets[edge]);
  if (Number.isNaN(x1 + x2)) return;
  const share = graph.share(edge);
  const band = Math.abs(share) > 0.1 ? 3 : 2;
  context.strokeStyle = share >= 0 ? colours.positive[band] : colours.negative[band];
  context.setLineDash(share >= 0 ? [] : [6, 4]);
  context.lineWidth = Math.max(0.8, WIDEST * Math.sqrt(Math.abs(share)) - 0.4);
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  context.setLineDash([]);
}

function drawNode(context, scene, node, strong = false) {
  const [x, y] = place(scene, node);
  if (Number.isNaN(x)) return;
  const { colours, graph } = scene;
  const style = colours.nodes[glyphShape(graph.kind(node)).style];
  context.beginPath();
  addGlyph(context, graph.kind(node), x, y, nodeRadius(scene.view.scale) + (strong ? 1 : 0));
  context.fillStyle = strong ? colours.accent : style.fill;
  context.strokeStyle = colours.ink;
  context.lineWidth = strong ? 2.4 : 1.6;
  context.fill();
  context.stroke();
}

function drawParts(context, scene) {
  const plain = nodeRadius(scene.view.scale);
  const readable = plain >= LETTERED;
  const radius = readable ? Math.max(plain + 1, SMALLEST_LETTER * 0.75) : plain + 1;
  context.font = `700 ${Math.max(SMALLEST_LETTER, Math.round(plain * 1.45))}px ${scene.fonts.sans}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const group of scene.groups) {
    const colour = scene.colours.parts[group.mark % scene.colours.parts.length];
    for (const node of group.nodes) {
      const [x, y] = place(scene, node);
      if (Number.isNaN(x)) continue;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = scene.colours.raised;
      context.strokeStyle = colour;
      context.lineWidth = 2;
      context.fill();
      context.stroke();
      context.fillStyle = colour;
      if (readable) context.fillText(partLetter(group.mark), x, y + 0.5);
    }
  }
}

// A dot in every node that the other graph has too.
function drawMatched(context, scene) {
  const radius = Math.max(1, nodeRadius(scene.view.scale) * 0.45);
  context.beginPath();
  scene.matched.forEach((mark, node) => {
    if (!mark || !scene.shownNodes[node]) return;
    const [x, y] = place(scene, node);
    if (Number.isNaN(x)) return;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  });
  context.fillStyle = scene.colours.found;
  context.fill();
}

function ring(context, scene, node, gap, colour, width, dash = []) {
  const [x, y] = place(scene, node);
  if (Number.isNaN(x)) return;
  context.beginPath();
  context.arc(x, y, nodeRadius(scene.view.scale) + gap, 0, 2 * Math.PI);
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

function drawAnswers(context, scene) {
  const { graph, layout, view, colours, fonts } = scene;
  if (nodeRadius(view.scale) < 3) return;
  context.font = `13px ${fonts.mono}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = colours.ink;
  for (const node of graph.answers) {
    if (Number.isNaN(layout.x[node])) continue;
    const [x, y] = place(scene, node);
    const name = (graph.labels.get(node) ?? "").trim() || String(graph.arrays.index[node]);
    slanted(context, shortened(name, LONGEST), x, y - nodeRadius(view.scale) - 7, -0.7);
  }
}

// Layers at the left edge and tokens at the foot stay in sight however the plane is moved.
export function drawAxes(context, { layout, view, frame, colours, fonts, graph }) {
  const foot = Math.min(frame.height, layout.rows[0].bottom * view.scale + view.y + FOOT);
  context.fillStyle = colours.raised;
  context.globalAlpha = 0.9;
  context.fillRect(0, foot - FOOT, frame.width, frame.height - foot + FOOT);
  context.globalAlpha = 1;
  context.font = `13px ${fonts.mono}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  let last = -Infinity;
  layout.columns.forEach((column, position) => {
    const x = column.middle * view.scale + view.x;
    if (x < 8 || x > frame.width + 40 || x - last < 15) return;
    last = x;
    context.fillStyle = colours.inkSoft;
    slanted(context, shortened(graph.tokens[position], LONGEST), x + 3, foot - FOOT + 12, -0.7);
  });
  context.font = `12px ${fonts.sans}`;
  context.textAlign = "left";
  let above = Infinity;
  for (const row of layout.rows) {
    const y = row.level * view.scale + view.y;
    if (y < 8 || y > foot - FOOT - 4 || above - y < 14) continue;
    above = y;
    const width = context.measureText(row.name).width;
    context.globalAlpha = 0.8;
    context.fillStyle = colours.raised;
    context.fillRect(4, y - 8, width + 6, 16);
    context.globalAlpha = 1;
    context.fillStyle = colours.inkSoft;
    context.fillText(row.name, 7, y);
  }
}

function slanted(context, words, x, y, angle) {
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.fillText(words, 0, 0);
  context.restore();
}

function drawLasso(context, { lasso, colours }) {
  if (lasso.length < 2) return;
  context.beginPath();
  lasso.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.strokeStyle = colours.accent;
  context.lineWidth = 1.5;
  context.setLineDash([5, 3]);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 0.08;
  context.fillStyle = colours.accent;
  context.fill();
  context.globalAlpha = 1;
}
