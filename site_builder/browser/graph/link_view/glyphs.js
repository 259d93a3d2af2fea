// The shape of each kind of node: a circle for a feature, a triangle for an attention feature, a
// diamond for an error, a square for a token or an answer. The same shapes on canvas and in SVG.
import { svg } from "../../elements.js";
import { ANSWER, ATTENTION, ATTENTION_ERROR, CONSTANT, DROPPED, ERROR, FEATURE, TOKEN } from "../data/kinds.js";

const SHAPES = {
  [FEATURE]: { form: "circle", style: "feature" },
  [ATTENTION]: { form: "triangle", style: "feature" },
  [ERROR]: { form: "diamond", style: "error" },
  [ATTENTION_ERROR]: { form: "diamond", style: "error" },
  [TOKEN]: { form: "square", style: "token" },
  [ANSWER]: { form: "square", style: "answer" },
  [CONSTANT]: { form: "cross", style: "error" },
  [DROPPED]: { form: "cross", style: "error" },
};
// Corners as shares of the radius; circles have none.
const CORNERS = {
  triangle: [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  diamond: [[0, -1.1], [1.1, 0], [0, 1.1], [-1.1, 0]],
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  cross: [[-0.3, -1], [0.3, -1], [0.3, -0.3], [1, -0.3], [1, 0.3], [0.3, 0.3], [0.3, 1], [-0.3, 1], [-0.3, 0.3], [-1, 0.3], [-1, -0.3], [-0.3, -0.3]],
};

export function glyphShape(kind) {
  return SHAPES[kind];
}

/** Adds the outline of a node to a Path2D or a drawing context. */
export function addGlyph(path, kind, x, y, radius) {
  const { form } = SHAPES[kind];
  if (form === "circle") {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  CORNERS[form].forEach(([right, down], at) => {
    if (at) path.lineTo(x + right * radius, y + down * radius);
    else path.moveTo(x + right * radius, y + down * radius);
  });
  path.closePath();
}

/** The outline as the `d` of an SVG path, around (x, y). */
export function glyphWay(kind, x, y, radius) {
  const { form } = SHAPES[kind];
  const [left, right] = [(x - radius).toFixed(1), (2 * radius).toFixed(1)];
  if (form === "circle") return `M${left} ${y.toFixed(1)}a${radius} ${radius} 0 1 0 ${right} 0a${radius} ${radius} 0 1 0 -${right} 0z`;
  return `${CORNERS[form].map(([across, down], at) => `${at ? "L" : "M"}${(x + across * radius).toFixed(1)} ${(y + down * radius).toFixed(1)}`).join("")}z`;
}

/** A small picture of a kind of node, for lists and legends. */
export function glyphIcon(kind, partClass = "") {
  const icon = svg("svg", { class: `glyph glyph-${SHAPES[kind].style} ${partClass}`, width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" });
  icon.append(svg("path", { d: glyphWay(kind, 7, 7, 5) }));
  return icon;
}
