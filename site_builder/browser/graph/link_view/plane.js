// Which part of the plane is seen: screen = unit × scale + (x, y), in CSS pixels.
const SMALLEST = 0.02;
const LARGEST = 12;
export const FOOT = 66; // pixels: room for the tokens, which keep their size
const ROOMIEST = 1.6; // how far a small graph is enlarged to fit

export function fitted(layout, frame) {
  const height = frame.height - FOOT;
  const scale = Math.min(frame.width / layout.width, height / layout.height, ROOMIEST);
  return {
    scale,
    x: (frame.width - layout.width * scale) / 2,
    y: (height - layout.height * scale) / 2,
  };
}

/** The view that a state tells: its middle in units and its zoom. */
export function fromMiddle({ x, y, zoom }, frame) {
  return { scale: zoom, x: frame.width / 2 - x * zoom, y: frame.height / 2 - y * zoom };
}

export function toMiddle(view, frame) {
  return { x: (frame.width / 2 - view.x) / view.scale, y: (frame.height / 2 - view.y) / view.scale, zoom: view.scale };
}

export function moved(view, right, down) {
  return { scale: view.scale, x: view.x + right, y: view.y + down };
}

/** Scaled by a factor around a point of the screen, which stays where it is. */
export function zoomed(view, factor, x, y) {
  const scale = Math.max(SMALLEST, Math.min(LARGEST, view.scale * factor));
  const real = scale / view.scale;
  return { scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
}

/** Kept so that a corner of the graph stays on the screen. */
export function held(view, layout, frame) {
  const least = 80;
  return {
    scale: view.scale,
    x: Math.max(least - layout.width * view.scale, Math.min(frame.width - least, view.x)),
    y: Math.max(least - layout.height * view.scale, Math.min(frame.height - least, view.y)),
  };
}
