// The list of keys and gestures, as a dialog.
import { make } from "../../elements.js";
import { button } from "../pieces.js";
import { COMMANDS } from "./commands.js";

const GESTURES = [
  ["click or tap", "select a node; beside the nodes, let go"],
  ["Ctrl-click or long press", "pin it"],
  ["drag", "move the picture"],
  ["wheel or two fingers", "zoom"],
  ["Shift and drag", "choose nodes with a lasso"],
];

export class Help {
  constructor() {
    this.root = make("dialog", "help");
    this.root.setAttribute("aria-label", "Keys and gestures");
    this.root.append(make("h2", "", "Keys"), list(COMMANDS), make("h2", "", "Mouse and fingers"), list(GESTURES), button("Close", () => this.root.close()));
  }

  open() {
    this.root.showModal();
  }
}

function list(pairs) {
  const frame = make("dl", "help-list");
  for (const [keys, meaning] of pairs) frame.append(make("dt", "", keys), make("dd", "", meaning));
  return frame;
}
