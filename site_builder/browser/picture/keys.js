// The keyboard: one stop in the tab order, arrows to the nearest node in that direction, Enter to
// keep a node, Escape to let it go.
import { svg } from "../elements.js";

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SIDEWAYS = 4; // how much worse a step to the side is than one ahead

export function connectKeys(view) {
  let current = first(view);
  if (current === null) return;
  const hold = (node) => {
    view.elements.get(current)?.setAttribute("tabindex", "-1");
    current = node;
    view.elements.get(node).setAttribute("tabindex", "0");
  };
  hold(current);
  view.picture.addEventListener("focusin", (event) => {
    const element = event.target.closest("[data-n]");
    if (element) {
      hold(Number(element.dataset.n));
      drawFocus(view, current);
    }
  });
  view.picture.addEventListener("focusout", () => view.focusRing?.remove());
  view.picture.addEventListener("keydown", (event) => {
    if (event.key in DIRECTIONS) {
      const next = nearest(view, current, DIRECTIONS[event.key]);
      if (next !== null) view.elements.get(next).focus();
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === " ") {
      view.pick(current);
      event.preventDefault();
    } else if (event.key === "Escape") {
      view.pinned = null;
      view.show(null);
    }
  });
}

// The tab stop: the most likely answer, where reading a graph starts.
function first(view) {
  return view.resting ?? view.elements.keys().next().value ?? null;
}

function nearest(view, from, [right, down]) {
  const { graph } = view;
  let best = null;
  let shortest = Infinity;
  for (const [node, element] of view.elements) {
    if (node === from || getComputedStyle(element).visibility === "hidden") continue;
    const across = graph.x[node] - graph.x[from];
    const along = graph.y[node] - graph.y[from];
    const ahead = across * right + along * down;
    const aside = Math.abs(across * down) + Math.abs(along * right);
    if (ahead <= 0) continue;
    const length = ahead + SIDEWAYS * aside;
    if (length < shortest) [best, shortest] = [node, length];
  }
  return best;
}

function drawFocus(view, node) {
  view.focusRing?.remove();
  const ring = svg("circle", { class: "node-focus", cx: view.graph.x[node], cy: view.graph.y[node], r: 13 });
  view.focusRing = ring;
  if (view.elements.get(node).matches(":focus-visible")) view.picture.append(ring);
}
