// What the entry has measured of a part's features, beside what this graph foretells.
import { make } from "../../elements.js";
import { signed } from "../../numbers.js";
import { ANSWER } from "../data/kinds.js";
import { foretold } from "../data/prediction.js";
import { foreign } from "../pieces.js";

/** A section about the claims whose intervention changes the node's part; for an answer, all claims. */
export function measuredEffects(explorer, node) {
  const { graph } = explorer;
  const part = graph.partOf[node] < 0 ? null : graph.parts[graph.partOf[node]].id;
  const about = graph.claims.filter((claim) => graph.kind(node) === ANSWER || claim.steps.some((step) => step.part === part));
  if (!about.length) return [];
  const frame = make("section", "connections");
  frame.append(make("h3", "", "Measured in the model"), ...about.map((claim) => card(explorer, claim)));
  return [frame];
}

function card(explorer, claim) {
  const { graph } = explorer;
  const frame = make("div", "measured");
  frame.append(foreign(claim.intervention, "measured-title", "p"));
  const list = make("dl", "measured-figures");
  const add = (name, words) => list.append(make("dt", "", name), make("dd", "", words));
  add(`measured, mean of ${claim.rows} prompts`, `${claim.metric} ${signed(claim.change)}${claim.unit === claim.metric ? "" : ` ${claim.unit}`} (${signed(claim.interval[0])} to ${signed(claim.interval[1])})`);
  const predicted = foretold(graph, claim);
  if (predicted !== null) add("foretold by this graph, for its prompt", `${signed(predicted)} ${claim.unit}`);
  add("verdict on the claim", claim.verdict);
  frame.append(list);
  return frame;
}
