// Draws the resting picture in a worker: rows, edges, nodes, for one view of the plane. The page
// shows it as a bitmap, moved and scaled until the next one is there.
import { CONSTANT, DROPPED } from "../data/kinds.js";
import { addGlyph, glyphShape } from "./glyphs.js";

const BANDS = [0.012, 0.04, 0.12, 1]; // shares of a target's input, up to which an edge has its width
const WIDTHS = [0.6, 1, 1.9, 3.4];
const OPACITY = [0.2, 0.34, 0.5, 0.7];

/** Draws on an OffscreenCanvas; `view` is {x, y, scale} in CSS pixels, `frame` {width, height, ratio}. */
export function paint(canvas, scene, view, frame) {
  canvas.width = Math.max(1, Math.round(frame.width * frame.ratio));
  canvas.height = Math.max(1, Math.round(frame.height * frame.ratio));
  const context = canvas.getContext("2d");
  const { ratio } = frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, frame.width, frame.height);
  paintRows(context, scene, view, frame);
  const edges = paintEdges(context, scene, view, frame);
  const nodes = paintNodes(context, scene, view, frame);
  return { edges, nodes };
}

export function nodeRadius(scale) {
  return Math.max(1.6, Math.min(8, 6 * scale));
}

function paintRows(context, { layout, colours }, view, frame) {
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const row of layout.rows) {
    const y = Math.round(row.level * view.scale + view.y) + 0.5;
    context.moveTo(0, y);
    context.lineTo(frame.width, y);
  }
  context.stroke();
}

function paintEdges(context, scene, view, frame) {
  const { arrays, layout, edges, colours } = scene;
  const paths = new Map();
  let drawn = 0;
  for (const edge of edges) {
    const [source, target] = [arrays.columns[edge], arrays.targets[edge]];
    const [x1, y1] = [layout.x[source] * view.scale + view.x, layout.y[source] * view.scale + view.y];
    const [x2, y2] = [layout.x[target] * view.scale + view.x, layout.y[target] * view.scale + view.y];
    if (Number.isNaN(x1 + x2) || outside(x1, y1, x2, y2, frame)) continue;
    const share = arrays.weights[edge] / (arrays.totals[arrays.rowOf[target]] || 1);
    const band = BANDS.findIndex((limit) => Math.abs(share) <= limit);
    const name = (share < 0 ? 4 : 0) + (band < 0 ? 3 : band);
    if (!paths.has(name)) paths.set(name, new Path2D());
    const path = paths.get(name);
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
    drawn++;
  }
  for (const name of [...paths.keys()].sort((first, second) => first % 4 - second % 4)) {
    const band = name % 4;
    context.strokeStyle = name < 4 ? colours.positive[band] : colours.negative[band];
    context.setLineDash(name < 4 ? [] : [5, 4]);
    context.lineWidth = WIDTHS[band] * Math.max(0.35, Math.min(1.3, view.scale));
    context.globalAlpha = OPACITY[band] * crowding(edges.length, band);
    context.stroke(paths.get(name));
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
  return drawn;
}

// Many weak edges together must not hide the strong ones.
function crowding(count, band) {
  return band > 1 || count < 600 ? 1 : Math.max(0.25, Math.sqrt(600 / count));
}

function outside(x1, y1, x2, y2, { width, height }) {
  return (x1 < 0 && x2 < 0) || (y1 < 0 && y2 < 0) || (x1 > width && x2 > width) || (y1 > height && y2 > height);
}

function paintNodes(context, scene, view, frame) {
  const { arrays, layout, shown, colours } = scene;
  const radius = nodeRadius(view.scale);
  const paths = new Map();
  let drawn = 0;
  for (let node = 0; node < arrays.kind.length; node++) {
    if (!shown[node] || arrays.kind[node] === CONSTANT || arrays.kind[node] === DROPPED) continue;
    const [x, y] = [layout.x[node] * view.scale + view.x, layout.y[node] * view.scale + view.y];
    if (x < -radius || y < -radius || x > frame.width + radius || y > frame.height + radius) continue;
    const name = glyphShape(arrays.kind[node]).style;
    if (!paths.has(name)) paths.set(name, new Path2D());
    addGlyph(paths.get(name), arrays.kind[node], x, y, radius);
    drawn++;
  }
  for (const [name, path] of paths) {
    const style = colours.nodes[name];
    context.fillStyle = style.fill;
    context.strokeStyle = style.stroke;
    context.lineWidth = Math.min(style.width, radius / 1.6);
    context.fill(path);
    context.stroke(path);
  }
  return drawn;
}
