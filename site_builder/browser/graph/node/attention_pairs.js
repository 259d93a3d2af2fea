// Attention scores in which a node takes part: the pairs of sources that make a head look where it
// does. From the entry's own measurements, or from an attention feature of another tool's file.
import { make } from "../../elements.js";
import { number } from "../../numbers.js";
import { foreign } from "../pieces.js";

const ROWS = 8;

/** Sections about the scores that a node adds to; none where the data have no such scores. */
export function attentionPairs(explorer, node) {
  const scores = Array.isArray(explorer.graph.about.attention) ? explorer.graph.about.attention : [];
  const key = explorer.graph.keys[node];
  return scores.flatMap((score) => {
    const pairs = score.pairs.filter((pair) => pair.query === key || pair.key === key || score.node === key);
    return pairs.length ? [section(explorer, score, pairs)] : [];
  });
}

function section(explorer, score, pairs) {
  const frame = make("section", "connections");
  frame.append(make("h3", "", "Attention"));
  frame.append(foreign(score.title, "panel-facts", "p"));
  const table = make("table", "pair-table");
  const head = make("tr");
  for (const title of ["At the query", "At the key", "Adds"]) head.append(make("th", title === "Adds" ? "number" : "", title));
  table.append(head);
  for (const pair of pairs.slice(0, ROWS)) {
    const row = make("tr");
    row.append(source(explorer, pair.query, pair.query_words), source(explorer, pair.key, pair.key_words));
    row.append(make("td", "number", number(pair.value)));
    table.append(row);
  }
  frame.append(table);
  return frame;
}

function source({ graph }, key, words) {
  const node = graph.byKey.get(key);
  return foreign(node === undefined ? String(words) : `${graph.name(node)}${graph.where(node)}`, "", "td");
}
