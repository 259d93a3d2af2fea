// Where nodes stand: a column per token, a row per layer, tokens below, answers on top. A full
// cell takes several lines, so that large graphs keep a shape that fits a screen.
import { ANSWER, FEATURE, TOKEN, isError, isPlaced } from "../data/kinds.js";

const STEP = 18; // units between neighbours in a cell; a unit is a pixel at zoom 1
const GAP = 16; // between columns
const NARROWEST = 34; // a column without nodes
const LOWEST = 27; // a row with one line
const ONE_LINE = 14; // nodes in a cell before it takes several lines
const MARGIN = { left: 64, right: 56, top: 74, bottom: 14 };

/**
 * Places of the shown nodes, in units: `x` and `y` (not a number where a node has no place), the
 * middles and edges of columns, the rows with their names, the size. `room` is
 * the width and height where it will be drawn; a graph that is flatter or narrower is spread to it.
 */
export function layOut(arrays, tokenCount, shown, room) {
  const rows = rowNumbers(arrays, shown);
  const cells = fillCells(arrays, rows, tokenCount, shown);
  const perLine = nodesPerLine(cells, tokenCount);
  const widths = perLine.map((count) => Math.max(NARROWEST, count * STEP + GAP));
  const heights = rows.names.map((_, row) => rowHeight(cells, row, tokenCount, perLine));
  // What is higher than its room is shown smaller, which leaves room for wider columns; and back.
  const lowest = Math.max(1, (sum(heights) + MARGIN.top + MARGIN.bottom) / room.height);
  spread(widths, room.width * Math.min(lowest, 3) - MARGIN.left - MARGIN.right, 260);
  const shrunk = Math.max(1, (sum(widths) + MARGIN.left + MARGIN.right) / room.width);
  spread(heights, room.height * Math.min(shrunk, 3) - MARGIN.top - MARGIN.bottom, 110);
  const ends = running(widths, MARGIN.left);
  const total = sum(heights);
  const tops = running(heights, MARGIN.top).map((end) => MARGIN.top + total - (end - MARGIN.top));
  const x = new Float32Array(arrays.kind.length).fill(NaN);
  const y = new Float32Array(arrays.kind.length).fill(NaN);
  const middles = ends.map((end, at) => end - widths[at] / 2);
  const levels = tops.map((top, row) => top + heights[row] / 2);
  cells.forEach((nodes, cell) => {
    const [row, column] = [Math.floor(cell / tokenCount), cell % tokenCount];
    const lines = Math.ceil(nodes.length / perLine[column]);
    nodes.forEach((node, place) => {
      const line = Math.floor(place / perLine[column]);
      const inLine = Math.min(perLine[column], nodes.length - line * perLine[column]);
      x[node] = middles[column] + (place % perLine[column] - (inLine - 1) / 2) * STEP;
      y[node] = levels[row] - (line - (lines - 1) / 2) * STEP;
    });
  });
  return {
    x, y,
    columns: middles.map((middle, at) => ({ middle, left: ends[at] - widths[at], right: ends[at] })),
    rows: levels.map((level, row) => ({ level, name: rows.names[row], top: tops[row], bottom: tops[row] + heights[row] })),
    width: ends[ends.length - 1] + MARGIN.right,
    height: MARGIN.top + total + MARGIN.bottom,
  };
}

function rowNumbers(arrays, shown) {
  let layers = 0;
  const level = (node) => arrays.kind[node] === FEATURE || isError(arrays.kind[node]) || arrays.layer[node] >= 0;
  for (let node = 0; node < arrays.kind.length; node++) {
    if (shown[node] && level(node) && arrays.kind[node] !== ANSWER && isPlaced(arrays.kind[node])) layers = Math.max(layers, arrays.layer[node] + 1);
  }
  const of = (node) => {
    if (arrays.kind[node] === ANSWER) return layers + 1;
    return arrays.kind[node] === TOKEN ? 0 : arrays.layer[node] + 1;
  };
  const names = ["tokens", ...Array.from({ length: layers }, (_, layer) => `layer ${layer}`), "answers"];
  return { of, names };
}

function fillCells(arrays, rows, tokenCount, shown) {
  const cells = new Map();
  for (let node = 0; node < arrays.kind.length; node++) {
    if (!shown[node] || !isPlaced(arrays.kind[node])) continue;
    const position = arrays.position[node] < 0 ? tokenCount - 1 : arrays.position[node];
    const cell = rows.of(node) * tokenCount + position;
    if (cells.has(cell)) cells.get(cell).push(node);
    else cells.set(cell, [node]);
  }
  for (const nodes of cells.values()) {
    if (arrays.kind[nodes[0]] === ANSWER) nodes.sort((first, second) => arrays.value[second] - arrays.value[first]);
  }
  return cells;
}

function nodesPerLine(cells, tokenCount) {
  const most = new Array(tokenCount).fill(1);
  for (const [cell, nodes] of cells) most[cell % tokenCount] = Math.max(most[cell % tokenCount], nodes.length);
  return most.map((count) => (count <= ONE_LINE ? count : Math.max(ONE_LINE, Math.ceil(Math.sqrt(2.2 * count)))));
}

function rowHeight(cells, row, tokenCount, perLine) {
  let lines = 1;
  for (let column = 0; column < tokenCount; column++) {
    const count = cells.get(row * tokenCount + column)?.length ?? 0;
    lines = Math.max(lines, Math.ceil(count / perLine[column]));
  }
  return LOWEST + (lines - 1) * STEP;
}

// Adds to each size, at most `most`, what is missing to the room.
function spread(sizes, room, most) {
  const missing = room - sum(sizes);
  if (missing <= 0) return;
  const each = Math.min(most, missing / sizes.length);
  for (let at = 0; at < sizes.length; at++) sizes[at] += each;
}

function sum(sizes) {
  return sizes.reduce((whole, each) => whole + each, 0);
}

function running(sizes, start) {
  let end = start;
  return sizes.map((size) => (end += size));
}
