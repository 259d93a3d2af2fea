// What a reader has done with a graph: one frozen value, replaced at each change. Nodes are numbers.
// Edits (pins, groups, hidden nodes, labels) can be undone; all of it stands in the address.
const EDITS = ["pins", "groups", "hidden", "labels"];
const MOST_STEPS = 200; // kept for undo

/** The state of a graph that nobody has touched; `groups` are the entry's parts. */
export function restingState(graph, thresholds) {
  return Object.freeze({
    selected: null,
    pins: restingPins(graph),
    groups: graph.parts.map((part, number) => ({ label: part.label, nodes: part.nodes, part: number })).filter((group) => group.nodes.length),
    hidden: [],
    labels: new Map(),
    nodeShare: thresholds.nodes,
    edgeShare: thresholds.edges,
    links: "all",
    sign: "both", // or "raising", "lowering": which edges are drawn
    errors: true,
    view: null, // {x, y, zoom}: the middle in units, or null for the whole graph
    search: "",
    tab: "node",
    path: [], // nodes, in the order of the signal
    beside: "", // the entry whose graph stands beside this one
    against: null, // [answer, answer]: the difference of their logits is looked at
  });
}

// The pins that came with the graph; with parts alone, the answer that they lead to.
function restingPins(graph) {
  const inParts = new Set(graph.parts.flatMap((part) => part.nodes));
  if (graph.pins.length) return graph.pins.filter((node) => !inParts.has(node));
  return graph.parts.length && graph.bestAnswer() !== null ? [graph.bestAnswer()] : [];
}

export class Store {
  constructor(state) {
    this.state = Object.freeze(state);
    this.listeners = [];
    this.past = [];
    this.future = [];
  }

  /** Calls the listener after each change with the state, the one before, and how it came. */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** Changes fields. `how` is "step" (a step of its own in the history) or "move" (part of one). */
  change(fields, how = "step") {
    const before = this.state;
    if (Object.keys(fields).every((name) => fields[name] === before[name])) return;
    if (EDITS.some((name) => name in fields && fields[name] !== before[name])) {
      this.past = [...this.past, pick(before)].slice(-MOST_STEPS);
      this.future = [];
    }
    this.put({ ...before, ...fields }, how);
  }

  /** Replaces everything, as going back in the history does; undo starts anew. */
  replace(state) {
    this.past = [];
    this.future = [];
    this.put(state, "history");
  }

  undo() {
    this.step(this.past, this.future);
  }

  redo() {
    this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length) return;
    to.push(pick(this.state));
    this.put({ ...this.state, ...from.pop() }, "step");
  }

  put(state, how) {
    const before = this.state;
    this.state = Object.freeze(state);
    for (const listener of this.listeners) listener(this.state, before, how);
  }
}

function pick(state) {
  return Object.fromEntries(EDITS.map((name) => [name, state[name]]));
}

/** Every node that is pinned by itself or in a group, each once. */
export function pinnedNodes(state) {
  return [...new Set([...state.pins, ...state.groups.flatMap((group) => group.nodes)])];
}

export function togglePin(state, node) {
  if (state.pins.includes(node)) return { pins: state.pins.filter((each) => each !== node) };
  if (state.groups.some((group) => group.nodes.includes(node))) return { groups: withoutNodes(state.groups, [node]) };
  return { pins: [...state.pins, node] };
}

/** The groups with the number of letter and colour that each bears: a part keeps its own. */
export function markedGroups(state, graph) {
  let next = graph.parts.length;
  return state.groups.map((group) => ({ ...group, mark: group.part >= 0 ? group.part : next++ }));
}

/** The groups without these nodes; groups that become empty go. */
export function withoutNodes(groups, nodes) {
  const gone = new Set(nodes);
  return groups
    .map((group) => (group.nodes.some((node) => gone.has(node)) ? { ...group, nodes: group.nodes.filter((node) => !gone.has(node)) } : group))
    .filter((group) => group.nodes.length);
}

/** Nodes put into a group of their own, taken out of others. */
export function grouped(state, nodes, label) {
  return {
    groups: [...withoutNodes(state.groups, nodes), { label, nodes: [...nodes], part: -1 }],
    pins: state.pins.filter((node) => !nodes.includes(node)),
  };
}
