// Keys that work anywhere in the explorer but in a field: one letter each, listed in the help.
export const COMMANDS = [
  ["arrow keys", "to the next node along the row or column"],
  ["Shift and ↑ or ↓", "along the strongest edge out of the node, or into it"],
  ["Shift and ← or →", "to the next weaker or stronger edge of that kind"],
  ["Enter", "select the node, or let it go"],
  ["P", "pin or unpin it"],
  ["G", "group the chosen nodes (or the pinned ones)"],
  ["H", "hide it, or the chosen nodes"],
  ["L", "draw a lasso"],
  ["/", "search in the graph"],
  ["N, Shift and N", "the next found node, the one before"],
  ["+, −, 0", "closer, further, the whole graph"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["Esc", "let go of what is chosen or selected"],
  ["?", "this list"],
];

export function connectCommands(explorer) {
  const { root, closing } = explorer;
  root.addEventListener("keydown", (event) => {
    if (event.target.matches("input:not([type=range], [type=checkbox]), select, textarea")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" || key === "y") {
        event.preventDefault();
        if (key === "y" || event.shiftKey) explorer.store.redo();
        else explorer.store.undo();
      }
      return;
    }
    if (event.altKey || !Object.hasOwn(ACTS, key)) return;
    event.preventDefault();
    ACTS[key](explorer, event);
  }, { signal: closing.signal });
}

const ACTS = {
  p: (explorer) => onNode(explorer, (node) => explorer.pin(node)),
  h: (explorer) => explorer.hide(),
  g: (explorer) => explorer.group(),
  l: (explorer) => explorer.toolbar.switchLasso(),
  n: (explorer, event) => explorer.toolbar.search.step(event.shiftKey ? -1 : 1),
  "/": (explorer) => explorer.toolbar.search.field.focus(),
  "?": (explorer) => explorer.help.open(),
  "+": (explorer) => explorer.links.zoomBy(1.4),
  "=": (explorer) => explorer.links.zoomBy(1.4),
  "-": (explorer) => explorer.links.zoomBy(1 / 1.4),
  0: (explorer) => explorer.links.fit(),
  Escape: (explorer) => (explorer.chosen.length ? explorer.choose([]) : explorer.select(null)),
};

function onNode(explorer, act) {
  const node = explorer.currentNode();
  if (node !== null) act(node);
}
