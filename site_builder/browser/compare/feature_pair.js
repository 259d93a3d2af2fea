// Two features side by side: what they have in common, then both dashboards in short.
import { make } from "../elements.js";
import { histogram } from "../features/histogram.js";
import { automaticLine } from "../features/labels.js";
import { counted, fixed, percent, whole } from "../numbers.js";
import { exampleBlock, tokenTable, word } from "../features/tokens.js";
import { cosine, pairFeature, together } from "./pair_file.js";
import { measures, pair, section } from "./layout.js";

const EXAMPLES = 5;

/** Everything about two features. @param {object[]} places as `Dashboards.place` gives them */
export async function featurePair(dashboards, places) {
  const [features, known, parts] = await Promise.all([
    Promise.all(places.map((place) => dashboards.feature(place))),
    Promise.all(places.map((place) => dashboards.known(place.name))),
    Promise.all(places.map((place) => pairFeature(dashboards, place))),
  ]);
  const sides = places.map((place, at) => ({ place, feature: features[at], known: known[at][`${place.layer}-${place.index}`], dashboards }));
  return [
    pair(sides.map(head)),
    ...section("In common", "common", measures(rows(places, parts)), ...shared(features)),
    ...section("Activations", "activations", pair(sides.map(activations))),
    ...section("Where they are most active", "top", pair(sides.map(examples))),
    ...section("Promoted tokens", "tokens", pair(sides.map(tokens))),
    ...section("Circuits that use them", "circuits", pair(sides.map(uses))),
  ];
}

function rows(places, [one, other]) {
  const [left, right] = places.map((place) => place.name.split("/")[0]);
  if (left !== right) return [["Not comparable", "–", "They are of two models, which have neither tokens nor a residual stream in common."]];
  if (!one || !other) return [["Not computed", "–", "This site has no files for comparing them: run `atlas dashboard --layout site` again."]];
  const angle = cosine(one, other);
  const found = together(one, other);
  const told = [["Cosine of their decoder vectors", angle === null ? "–" : fixed(angle, 3), angle === null ? "They write vectors of different sizes." : "From vectors in steps of 1/127 of their largest number."]];
  if (!found) return [...told, ["Active together", "–", "Their dashboards were made from different texts."]];
  const how = found.exact
    ? "Exact: every token on which either is active was counted."
    : `Estimated from ${counted(found.sampled, "token")} drawn by lot from those on which either is active; 95 % interval ${percent(found.interval?.low ?? 0, 1)} to ${percent(found.interval?.high ?? 1, 1)}.`;
  const about = found.exact ? "" : "about ";
  return [
    ...told,
    ["Tokens on which both are active", about + whole(found.both), `Of ${whole(one.active)} and ${whole(other.active)}.`],
    ["Overlap", percent(found.overlap, 1), `Tokens with both, of the tokens with either. ${how}`],
    ["Correlation of activations", found.correlation === null ? "–" : fixed(found.correlation, 3),
      found.correlation === null ? "One of them is never active." : `Pearson’s, over all ${whole(one.tokens)} tokens. ${found.exact ? "Activations in steps of 1/255 of each maximum." : "The product of the two is estimated from the same tokens."}`],
  ];
}

/** Tokens that both promote. */
function shared([one, other]) {
  const mine = new Set(one.promoted.map((each) => each.token));
  const both = other.promoted.filter((each) => mine.has(each.token));
  const line = make("p", "section-note", both.length ? `Both promote ${both.length} of the ${one.promoted.length} tokens shown: ` : "None of the tokens that they promote most is the same.");
  both.forEach((each, at) => {
    const token = make("code", "", word(each.token));
    token.dir = "auto";
    line.append(at ? ", " : "", token);
  });
  return [line];
}

function head({ place, feature, known, dashboards }) {
  const frame = make("div", "compare-head");
  const title = make("h2", "compare-title");
  const link = make("a", "", known?.label ?? `Feature ${place.layer}-${place.index}`);
  link.href = dashboards.page(`features/index.html?id=${dashboards.id(place.name, place.layer, place.index)}`);
  link.dir = "auto";
  title.append(link);
  frame.append(title, make("p", "mono compare-id", dashboards.id(place.name, place.layer, place.index)));
  if (!known?.label && feature.labels.length) frame.append(automaticLine(feature.labels[0]));
  return frame;
}

function activations({ feature }) {
  const { active, tokens, share } = feature.density;
  if (!active) return [make("p", "empty", `Never active on ${whole(tokens)} tokens.`)];
  const words = `Active on ${whole(active)} of ${whole(tokens)} tokens (${percent(share, 2)}), at most ${fixed(feature.maximum)}.`;
  return [make("p", "section-note", words), histogram(feature)];
}

function examples({ feature }) {
  if (!feature.top.length) return [make("p", "empty", "No examples.")];
  return feature.top.slice(0, EXAMPLES).map((each) => exampleBlock(each, feature.maximum));
}

function tokens({ feature }) {
  return [tokenTable("Raises", "positive", feature.promoted)];
}

function uses({ known, dashboards }) {
  const found = known?.uses ?? [];
  if (!found.length) return [make("p", "empty", "No circuit of the atlas.")];
  const list = make("ul", "source-list");
  for (const use of found) {
    const link = make("a", "", use.title);
    link.href = dashboards.page(use.page);
    link.dir = "auto";
    const item = make("li");
    item.append(link, `, in “${use.part}” (${use.verdict})`);
    list.append(item);
  }
  return [list];
}
