// Attaches the links of a shared graph file to its nodes, even where two nodes bear one id: older
// circuit-tracer files wrote an error as 0_{layer}_{position}, which is also a feature of layer 0.
import { counted } from "../../numbers.js";
import { ANSWER, isFeature } from "../data/kinds.js";
import { GraphProblem, expect } from "../data/problem.js";

/** Links by node, each pair once. `repairs` gets what was left out or decided, in words. */
export function readLinks(listed, nodes, bearers, { where, repairs }) {
  const counts = { missing: 0, zero: 0, twice: 0, shared: 0 };
  const links = [];
  listed.forEach((link, at) => {
    const sound = link !== null && typeof link === "object" && typeof link.source === "string" && typeof link.target === "string" && Number.isFinite(link.weight);
    expect(sound, `${where} links[${at}]`, "source, target and a weight", link);
    if (!bearers.has(link.source) || !bearers.has(link.target)) counts.missing++;
    else if (link.weight === 0) counts.zero++;
    else links.push({ named: link, sources: bearers.get(link.source), target: theTarget(link, nodes, bearers, where), weight: link.weight });
  });
  const ordered = followsFileOrder(links);
  const seen = new Map();
  const kept = [];
  links.forEach((link, at) => {
    const source = link.sources.length === 1 ? link.sources[0] : theSource(links, at, { nodes, ordered, where });
    if (link.sources.length > 1) counts.shared++;
    const name = link.target * nodes.length + source;
    if (seen.has(name)) {
      expect(seen.get(name) === link.weight, `${where} link ${link.named.source} to ${link.named.target}`, "one weight", `${seen.get(name)} and ${link.weight}`);
      counts.twice++;
      return;
    }
    seen.set(name, link.weight);
    kept.push({ source, target: link.target, weight: link.weight });
  });
  const words = { missing: "to nodes that the file lacks were left out", zero: "of weight 0 were left out", twice: "that stood there twice were left out", shared: "of an id shared by two nodes were attached by direction and order" };
  for (const [name, meaning] of Object.entries(words)) if (counts[name]) repairs.push(`${counted(counts[name], "link")} ${meaning}`);
  return kept;
}

function theTarget({ source, target }, nodes, bearers, where) {
  const able = bearers.get(target).filter((node) => isFeature(nodes[node].kind) || nodes[node].kind === ANSWER);
  expect(able.length === 1, `${where} link ${source} to ${target}`, "one feature or answer as target", `${able.length}`);
  return able[0];
}

// First by direction: a source lies lower. Then by order: files that list each target's sources in
// the order of the nodes show by the neighbours which one is meant.
function theSource(links, at, { nodes, ordered, where }) {
  const { sources, target, named } = links[at];
  let able = sources.filter((source) => leadsForward(nodes[source], nodes[target]));
  if (able.length > 1 && ordered) {
    const [before, after] = [neighbour(links, at, -1), neighbour(links, at, 1)];
    able = able.filter((source) => before <= source && source <= after);
  }
  if (able.length !== 1) throw new GraphProblem(`${where} link ${named.source} to ${named.target}`, "an id of one node", "one of several", "Export the graph again with a current circuit-tracer.");
  return able[0];
}

function leadsForward(source, target) {
  if (target.kind === ANSWER) return source.kind !== ANSWER;
  return source.layer < target.layer && source.position <= target.position;
}

function followsFileOrder(links) {
  const seen = new Set();
  let [last, order] = [null, -1];
  for (const { sources, target } of links) {
    if (target !== last) {
      if (seen.has(target)) return false;
      seen.add(target);
      [last, order] = [target, -1];
    }
    if (sources.length > 1) continue;
    if (sources[0] < order) return false;
    [order] = sources;
  }
  return true;
}

function neighbour(links, at, step) {
  for (let place = at + step; links[place]?.target === links[at].target; place += step) {
    if (links[place].sources.length === 1) return links[place].sources[0];
  }
  return step * Infinity;
}
