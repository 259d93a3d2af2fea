// Text as tokens coloured by activation, and tokens with the size of what a feature does to them.
import { make, svg } from "../elements.js";
import { fixed } from "../numbers.js";

const WORD_MARKS = /^[\u0120\u2581 \t\n]+|[\u0120\u2581 \t\n]+$/g; // how tokenizers write spaces
const STARTS_WORD = /^[\u0120\u2581 \t\n]/;
const SHADES = 7;

export function word(token) {
  return token.replace(WORD_MARKS, "") || token;
}

/** One example: its activation at the token it was chosen for, and its tokens, shaded. */
export function exampleBlock(example, maximum) {
  const block = make("div", "example");
  const line = make("p", "tokens");
  line.dir = "auto";
  const marked = example.tokens.some((token) => STARTS_WORD.test(token));
  example.tokens.forEach((token, at) => {
    if (at && (STARTS_WORD.test(token) || !marked)) line.append(" ");
    line.append(tokenSpan(token, example.values[at], maximum, at === example.peak));
  });
  block.append(make("span", "example-value", fixed(example.values[example.peak])), line);
  return block;
}

function tokenSpan(token, value, maximum, isPeak) {
  const share = maximum > 0 ? Math.max(value, 0) / maximum : 0;
  const shade = Math.min(Math.round(SHADES * share), SHADES);
  if (!shade && !isPeak) return word(token);
  const span = make("span", `token${shade ? ` heat-${shade}` : ""}${isPeak ? " token-peak" : ""}`, word(token));
  span.title = fixed(value);
  return span;
}

/** The tokens that a feature raises or lowers, with bars. */
export function tokenTable(title, sign, effects) {
  const table = make("table");
  table.createCaption().textContent = title;
  const largest = Math.max(...effects.map((each) => Math.abs(each.logit)), 1e-9);
  const body = table.createTBody();
  for (const each of effects) {
    const row = body.insertRow();
    const head = make("th");
    head.scope = "row";
    const name = make("code", "", word(each.token));
    name.dir = "auto";
    head.append(name);
    const bar = svg("svg", { class: "chart-strip", width: "100%", height: 10, "aria-hidden": "true" });
    const width = `${((100 * Math.abs(each.logit)) / largest).toFixed(1)}%`;
    bar.append(svg("rect", { class: `bar-${sign}`, width, height: 10, rx: 2 }));
    const cell = make("td", "bar-cell");
    cell.append(bar);
    row.append(head, cell, make("td", "number", fixed(each.logit)));
  }
  return table;
}
