// Finds the node nearest to a point without looking at all of them: a grid of squares.
const SIDE = 32; // units

export class NodeGrid {
  constructor({ x, y }) {
    this.x = x;
    this.y = y;
    this.squares = new Map();
    for (let node = 0; node < x.length; node++) {
      if (Number.isNaN(x[node])) continue;
      const name = this.square(Math.floor(x[node] / SIDE), Math.floor(y[node] / SIDE));
      if (this.squares.has(name)) this.squares.get(name).push(node);
      else this.squares.set(name, [node]);
    }
  }

  square(column, row) {
    return row * 65536 + column;
  }

  /** The node nearest to a point, no further than `reach`; null if there is none. */
  nearest(x, y, reach) {
    let [best, shortest] = [null, reach * reach];
    for (const node of this.around(x - reach, y - reach, x + reach, y + reach)) {
      const distance = (this.x[node] - x) ** 2 + (this.y[node] - y) ** 2;
      if (distance <= shortest) [best, shortest] = [node, distance];
    }
    return best;
  }

  /** The nodes of all squares that touch a rectangle. */
  * around(left, top, right, bottom) {
    for (let row = Math.floor(top / SIDE); row <= Math.floor(bottom / SIDE); row++) {
      for (let column = Math.floor(left / SIDE); column <= Math.floor(right / SIDE); column++) {
        yield* this.squares.get(this.square(column, row)) ?? [];
      }
    }
  }

  /** The nodes inside a closed line of points [x, y]. */
  inside(line) {
    const xs = line.map((point) => point[0]);
    const ys = line.map((point) => point[1]);
    const found = [];
    for (const node of this.around(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys))) {
      if (isInside(this.x[node], this.y[node], line)) found.push(node);
    }
    return found.sort((first, second) => first - second);
  }
}

function isInside(x, y, line) {
  let inside = false;
  for (let at = 0, last = line.length - 1; at < line.length; last = at++) {
    const [[x1, y1], [x2, y2]] = [line[at], line[last]];
    if ((y1 > y) !== (y2 > y) && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
