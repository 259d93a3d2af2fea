// Interventions on parts as links to the answer: what this graph foretells of each, beside what was measured.
import { svg } from "../../elements.js";
import { signed } from "../../numbers.js";
import { foretold } from "../data/prediction.js";

const LINE = 12; // pixels between the two figures

/** For each set of parts that a claim changes together: the first claim that can be compared. */
export function effectsOn(items, graph) {
  const target = items.find((item) => item.nodes.includes(graph.bestAnswer()));
  const partOf = new Map(items.filter((item) => item.part >= 0).map((item) => [graph.parts[item.part].id, item]));
  const effects = new Map();
  for (const claim of target ? graph.claims : []) {
    const parts = [...new Set(claim.steps.map((step) => step.part))];
    const sources = parts.map((part) => partOf.get(part));
    const predicted = sources.length && sources.every(Boolean) ? foretold(graph, claim) : null;
    if (predicted !== null && !effects.has(parts.join())) effects.set(parts.join(), { sources, target, claim, predicted });
  }
  return [...effects.values()];
}

/** A dotted line from each part to the answer, and the two figures at its end; `at` effects stand above. */
export function effectMarks({ sources, target, claim, predicted }, card, at) {
  const [x2, y2] = [target.x + card.width, target.y + card.height / 2];
  const ways = sources.map((source) => {
    const [x1, y1] = [source.x + card.width, source.y + card.height / 2];
    const out = Math.max(x1, x2) + card.height;
    return svg("path", { class: "effect-link", d: `M${x1} ${y1}C${out} ${y1} ${out} ${y2} ${x2} ${y2}` });
  });
  const frame = svg("g", { class: "effect" });
  const title = svg("title");
  title.textContent = `${claim.intervention}: this graph foretells ${signed(predicted)} ${claim.unit} for its prompt; measured ${signed(claim.change)} (${signed(claim.interval[0])} to ${signed(claim.interval[1])}), mean of ${claim.rows} prompts.`;
  frame.append(title, ...ways, figures([`foretold ${signed(predicted)}`, `measured ${signed(claim.change)}`], x2 + card.height, y2 + at * (2 * LINE + 4)));
  return frame;
}

function figures(lines, x, y) {
  const frame = svg("text", { class: "effect-figures", x, y });
  lines.forEach((line, at) => {
    const part = svg("tspan", { x, dy: at ? LINE : 0 });
    part.textContent = line;
    frame.append(part);
  });
  return frame;
}
