// Keeps what a reader has marked in this browser, per graph, so that it is there on the next visit.
const PREFIX = "atlas-graph:";
const LONGEST = 100000; // characters of one graph's state

function nameOf({ about }) {
  return `${PREFIX}${about.entry ?? ""}|${about.model ?? ""}|${about.prompt ?? ""}`.slice(0, 500);
}

export function remember(graph, hash) {
  try {
    if (!hash) localStorage.removeItem(nameOf(graph));
    else if (hash.length < LONGEST) localStorage.setItem(nameOf(graph), hash);
  } catch {
    // storage is switched off or full: the address still has it all
  }
}

export function remembered(graph) {
  try {
    return localStorage.getItem(nameOf(graph)) ?? "";
  } catch {
    return "";
  }
}
