// Draws the dashboard of one feature: everything that its shard holds, and what the atlas says.
import { make } from "../elements.js";
import { histogram } from "./histogram.js";
import { labelSection } from "./labels.js";
import { counted, fixed, percent, whole } from "../numbers.js";
import { exampleBlock, tokenTable } from "./tokens.js";

const BAND_EXAMPLES = 3;

/**
 * The sections of a feature's dashboard.
 * @param {object} feature from its shard
 * @param {object} about {dashboards, place, known}: where it lies, and what the atlas says by `layer-index`
 */
export function dashboard(feature, about) {
  const sections = [section("Label", "label", ...labelSection(feature, about)), activations(feature), examples(feature), bands(feature),
    tokens(feature), neighbours(feature, about), uses(about)];
  return sections.flat();
}

function section(title, anchor, ...body) {
  const heading = make("h2", "", title);
  heading.id = anchor;
  const frame = make("div", `section section-${anchor}`);
  frame.append(...body);
  return [heading, frame];
}

function note(words) {
  return make("p", "section-note", words);
}

function empty(words) {
  return make("p", "empty", words);
}

function activations(feature) {
  const { active, tokens, share, low, high } = feature.density;
  if (!active) {
    return section("Activations", "activations", note(
      `Never active on the ${whole(tokens)} tokens that were read; with 95 % confidence it is active on fewer than ${percent(high, 3)} of such tokens.`,
    ));
  }
  const words = `Active on ${whole(active)} of ${whole(tokens)} held-out tokens: ${percent(share, 2)}, 95 % interval ${percent(low, 2)} to ${percent(high, 2)}.`;
  const title = make("div", "chart-title", "Activation where it is active (counts on a square-root scale; lines: limits of the quantile bands)");
  return section("Activations", "activations", note(words), title, histogram(feature));
}

function examples(feature) {
  if (!feature.top.length) return [];
  const blocks = feature.top.map((each) => exampleBlock(each, feature.maximum));
  return section("Where it is most active", "top", note("The strongest texts, each once, around the token where the activation is largest."), ...blocks);
}

function bands(feature) {
  if (!feature.bands.length) return [];
  const parts = [...feature.bands].reverse().map((band) => {
    const frame = make("section", "feature-band");
    const title = `${percent(band.from)} to ${percent(band.to)} of its activations`;
    const range = `${fixed(band.lowest)} to ${fixed(band.highest)}, ${counted(band.count, "token")}`;
    const head = make("h3", "", title);
    frame.append(head, make("p", "section-note", range), ...band.examples.slice(0, BAND_EXAMPLES).map((each) => exampleBlock(each, feature.maximum)));
    return frame;
  });
  return section("Quantile bands", "bands", note("Examples drawn by lot from equal shares of all its activations, so that weak ones are seen too."), ...parts);
}

function tokens(feature) {
  const frame = make("div", "token-lists");
  frame.append(tokenTable("Raises", "positive", feature.promoted), tokenTable("Lowers", "negative", feature.suppressed));
  return section("Promoted tokens", "tokens", note("The feature’s decoder through the unembedding: its direct effect on the logits, per unit of activation."), frame);
}

function neighbours(feature, about) {
  const near = featureTable(about, feature.similar, ["Cosine", (other) => fixed(other.cosine, 3)]);
  const together = featureTable(about, feature.together,
    ["Tokens with both", (other) => whole(other.both)], ["Overlap", (other) => percent(other.overlap, 1)]);
  const pair = make("div", "feature-pair");
  for (const [title, anchor, words, body] of [
    ["Similar features", "similar", "By the cosine of their decoder vectors, in all layers of the dictionary.",
      feature.similar.length ? near : empty("No other feature of the dictionary.")],
    ["Features that fire with it", "together", "In the same layer. Overlap: of the tokens at which either is active, the share at which both are.",
      feature.together.length ? together : empty("None shares more than 5 % of its tokens.")],
  ]) {
    const half = make("div");
    half.append(...section(title, anchor, note(words), body));
    pair.append(half);
  }
  return [pair];
}

function featureTable(about, others, ...columns) {
  const table = make("table", "feature-table");
  const head = table.createTHead().insertRow();
  for (const title of ["Feature", ...columns.map(([name]) => name)]) {
    const cell = make("th", title === "Feature" ? "" : "number", title);
    cell.scope = "col";
    head.append(cell);
  }
  head.append(make("td")); // over the links that compare
  const body = table.createTBody();
  for (const other of others) {
    const row = body.insertRow();
    const cell = make("th");
    cell.scope = "row";
    cell.append(featureLink(about, other));
    row.append(cell, ...columns.map(([, value]) => make("td", "number", value(other))), compareCell(about, other));
  }
  return table;
}

function compareCell(about, { layer, index }) {
  const { dashboards, place } = about;
  const link = make("a", "compare-link", "compare");
  link.href = dashboards.page(`compare/index.html?left=${dashboards.id(place.name, place.layer, place.index)}&right=${dashboards.id(place.name, layer, index)}`);
  link.setAttribute("aria-label", `Compare with ${layer}-${index}`);
  const cell = make("td");
  cell.append(link);
  return cell;
}

/** A link to another feature of the dictionary: its number, and its label where it has one. */
function featureLink(about, { layer, index }) {
  const link = make("a", "feature-link");
  link.href = `?id=${about.dashboards.id(about.place.name, layer, index)}`;
  link.dataset.feature = `${layer}-${index}`; // an automatic label may come after
  link.append(make("span", "mono", `${layer}-${index}`));
  const label = about.known[`${layer}-${index}`]?.label;
  if (label) {
    const words = make("span", "", label);
    words.dir = "auto";
    link.append(" ", words);
    delete link.dataset.feature;
  }
  return link;
}

function uses(about) {
  const found = about.known[`${about.place.layer}-${about.place.index}`]?.uses ?? [];
  if (!found.length) return section("Circuits and claims", "circuits", empty("No circuit of the atlas uses it yet."));
  const list = make("ul", "source-list");
  for (const use of found) {
    const item = make("li");
    const circuit = make("a", "", use.title);
    circuit.href = about.dashboards.page(use.page);
    const part = make("a", "", use.part);
    part.href = about.dashboards.page(`${use.page}#part-${use.part_id}`);
    for (const each of [circuit, part]) each.dir = "auto";
    item.append(circuit, ", in the part ", part, ` (${use.verdict})`);
    if (use.claims.length) {
      const claims = make("ul");
      for (const claim of use.claims) {
        const line = make("li");
        const link = make("a", "", claim.statement);
        link.href = about.dashboards.page(`${use.page}#claim-${claim.id}`);
        link.dir = "auto";
        line.append(link, ` (${claim.verdict})`);
        claims.append(line);
      }
      item.append(claims);
    }
    list.append(item);
  }
  return section("Circuits and claims", "circuits", list);
}
