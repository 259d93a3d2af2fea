// Through which attention heads the edges of an entry's graph go, by the first step after their
// source. The file is fetched when a reader first asks for it.
import { expect } from "../data/problem.js";
import { ENTRY } from "../reading/entry_graph.js";

const WAYS = ["directly", "skip connections", "other heads"]; // the file's third to fifth field

export class HeadLoadings {
  constructor(graph) {
    this.graph = graph;
    this.parts = null; // by edge, once they are read
  }

  /** Why there is nothing to read, in words; empty where there is. */
  get missing() {
    const { entry, heads } = this.graph.about;
    if (typeof entry !== "string" || !ENTRY.test(entry)) return "A graph’s edges are split by head only for entries of the atlas.";
    return heads ? "" : `Nobody has split this graph’s edges by head here: run atlas reproduce ${entry}, then build the site again.`;
  }

  /** Reads the file, once. Throws GraphProblem for one that does not fit the graph. */
  async read() {
    const address = new URL(`../circuits/${this.graph.about.entry}/heads.json`, location.href);
    const answer = await fetch(address);
    expect(answer.ok, "heads.json", "a file", `status ${answer.status}`, "Build the site again.");
    const { edges } = await answer.json();
    expect(Array.isArray(edges), "heads.json edges", "a list", typeof edges);
    this.parts = new Map(edges.map((row) => [this.name(row), partsOf(row)]));
  }

  name([source, target]) {
    const { count, keys } = this.graph;
    expect([source, target].every((node) => Number.isInteger(node) && node >= 0 && node < count), "heads.json edges", `nodes below ${count}`, [source, target]);
    return `${keys[source]} ${keys[target]}`;
  }

  /**
   * The ways of an edge of `graph` (this one, or the difference of its answers), as {way, share}
   * in shares of the target's input, largest first and the other heads last; they sum to the edge's share. Null for an edge
   * that is not split.
   */
  of(graph, edge) {
    const { columns, targets, weights } = graph.arrays;
    const parts = this.parts.get(`${graph.keys[columns[edge]]} ${graph.keys[targets[edge]]}`);
    const unit = graph.share(edge) / weights[edge];
    return parts && Number.isFinite(unit) ? parts.map(({ way, part }) => ({ way, share: unit * part })) : null;
  }
}

function partsOf([, , ...fields]) {
  const plain = fields.slice(0, WAYS.length).map((part, at) => ({ way: WAYS[at], part }));
  const heads = fields.slice(WAYS.length).map(([layer, head, part]) => ({ way: `head ${layer}.${head}`, part }));
  const [direct, skips, others] = plain;
  const named = [direct, skips, ...heads].sort((first, second) => Math.abs(second.part) - Math.abs(first.part));
  const all = [...named, others];
  expect(all.every(({ part }) => Number.isFinite(part)), "heads.json edges", "numbers", fields);
  return all;
}
