// The switches above a graph: parts, all edges, errors.
import { make } from "../elements.js";

const SWITCHES = [
  ["Parts", "graph-no-parts"],
  ["All edges", "graph-quiet"],
  ["Errors", "graph-no-errors"],
];

export function connectTools(view) {
  const tools = view.root.querySelector(".graph-tools");
  for (const [name, offClass] of SWITCHES) {
    const label = make("label");
    const box = make("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => view.root.classList.toggle(offClass, !box.checked));
    label.append(box, name);
    tools.append(label);
  }
  tools.append(make("span", "hint", "point at a node or tap it; arrow keys move, Enter keeps, Esc lets go"));
}
