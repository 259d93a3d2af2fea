// The state as the part of the address after #, and back. Nodes are written by their keys, so that
// an address holds for every graph of the prompt; only what differs from the resting state is there.
import { ENTRY } from "../reading/entry_graph.js";

const LINKS = ["all", "near", "pinned"];
const SIGNS = ["both", "raising", "lowering"];
const LONGEST_LABEL = 200; // characters

export function writeAddress(state, resting, graph) {
  const fields = new URLSearchParams();
  const keys = (nodes) => nodes.map((node) => graph.keys[node]).join(" ");
  if (state.selected !== null) fields.set("node", graph.keys[state.selected]);
  if (state.pins.join() !== resting.pins.join()) fields.set("pins", keys(state.pins));
  if (state.groups !== resting.groups && !sameGroups(state.groups, resting.groups)) {
    if (!state.groups.length) fields.set("group", "");
    for (const group of state.groups) fields.append("group", `${keys(group.nodes)} ${group.part >= 0 ? group.part : ""}:${group.label}`);
  }
  if (state.hidden.length) fields.set("hidden", keys(state.hidden));
  for (const [node, label] of state.labels) fields.append("label", `${graph.keys[node]}:${label}`);
  if (state.nodeShare !== resting.nodeShare) fields.set("nodes", short(state.nodeShare));
  if (state.edgeShare !== resting.edgeShare) fields.set("edges", short(state.edgeShare));
  if (state.links !== resting.links) fields.set("links", state.links);
  if (state.sign !== resting.sign) fields.set("sign", state.sign);
  if (!state.errors) fields.set("errors", "no");
  if (state.view) fields.set("view", [state.view.x, state.view.y].map((each) => each.toFixed(0)).join(" ") + ` ${state.view.zoom.toFixed(3)}`);
  if (state.search) fields.set("search", state.search);
  if (state.tab !== resting.tab) fields.set("tab", state.tab);
  if (state.path.length) fields.set("path", keys(state.path));
  if (state.beside) fields.set("beside", state.beside);
  if (state.against) fields.set("against", keys(state.against));
  return fields.toString();
}

/** The state that an address tells, and how many of its nodes the graph does not have. */
export function readAddress(hash, resting, graph) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  let missing = 0;
  const nodes = (text) => text.split(" ").filter(Boolean).flatMap((key) => {
    if (graph.byKey.has(key)) return [graph.byKey.get(key)];
    missing++;
    return [];
  });
  const once = (text) => [...new Set(nodes(text ?? ""))];
  const state = {
    ...resting,
    selected: once(fields.get("node"))[0] ?? null,
    pins: fields.has("pins") ? once(fields.get("pins")) : resting.pins,
    groups: fields.has("group") ? fields.getAll("group").flatMap((text) => readGroup(text, once, graph)) : resting.groups,
    hidden: once(fields.get("hidden")),
    labels: new Map(fields.getAll("label").flatMap((text) => readLabel(text, once))),
    nodeShare: share(fields.get("nodes"), resting.nodeShare),
    edgeShare: share(fields.get("edges"), resting.edgeShare),
    links: LINKS.includes(fields.get("links")) ? fields.get("links") : resting.links,
    sign: SIGNS.includes(fields.get("sign")) ? fields.get("sign") : resting.sign,
    errors: fields.get("errors") !== "no",
    view: readView(fields.get("view")),
    search: (fields.get("search") ?? "").slice(0, LONGEST_LABEL),
    tab: fields.get("tab") || resting.tab,
    path: once(fields.get("path")),
    beside: ENTRY.test(fields.get("beside") ?? "") ? fields.get("beside") : "",
    against: pair(once(fields.get("against"))),
  };
  return { state: Object.freeze(state), missing };
}

function readGroup(text, nodes, graph) {
  const at = text.indexOf(":");
  if (at < 0) return [];
  const words = text.slice(0, at).split(" ");
  const part = /^\d{1,3}$/.test(words[words.length - 1]) ? Number(words[words.length - 1]) : -1;
  const members = nodes(words.slice(0, -1).join(" "));
  return members.length ? [{ label: text.slice(at + 1, at + 1 + LONGEST_LABEL), nodes: members, part: part < graph.parts.length ? part : -1 }] : [];
}

function readLabel(text, nodes) {
  const at = text.indexOf(":");
  const [node] = at < 0 ? [] : nodes(text.slice(0, at));
  return node === undefined ? [] : [[node, text.slice(at + 1, at + 1 + LONGEST_LABEL)]];
}

function readView(text) {
  const numbers = (text ?? "").split(" ").map(Number);
  if (!text || numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  return { x: numbers[0], y: numbers[1], zoom: Math.min(20, Math.max(0.02, numbers[2])) };
}

function share(text, otherwise) {
  const value = Number(text);
  return text !== null && text !== "" && value >= 0 && value <= 1 ? value : otherwise;
}

function pair(nodes) {
  return nodes.length === 2 ? nodes : null;
}

function short(value) {
  return String(Number(value.toFixed(4)));
}

function sameGroups(first, second) {
  return first.length === second.length && first.every((group, at) => {
    const other = second[at];
    return group === other || (group.label === other.label && group.nodes.join() === other.nodes.join());
  });
}
