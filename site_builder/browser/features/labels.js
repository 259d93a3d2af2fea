// Labels of features: those that people gave, and automatic ones, which always say that they are
// automatic, with their held-out score and their control.
import { make } from "../elements.js";
import { fixed, percent, whole } from "../numbers.js";

const HOW = {
  "trigger tokens": "the tokens it is active on",
  "promoted tokens": "the tokens it promotes, next in the text",
  context: "where in the text it is active",
  latent: "the generator’s true latents",
};

/** The section of a feature's page: a curator's label, then the automatic ones. */
export function labelSection(feature, about) {
  const own = about.known[`${about.place.layer}-${about.place.index}`];
  const parts = own?.label ? [curated(own, about)] : [];
  if (feature.labels.length) parts.push(automaticTable(feature.labels), howScored(feature, about));
  else parts.push(make("p", "empty", unlabelled(feature, own)));
  return parts;
}

function unlabelled(feature, own) {
  if (!feature.labelled) return own?.label ? "Automatic labels were not computed." : "Nobody has labelled this feature yet.";
  return feature.density.active
    ? "No automatic label: it is active on too few tokens, or on no class of tokens more than by chance."
    : "No automatic label: it is never active.";
}

function curated(own, about) {
  const line = make("p");
  const label = make("strong", "", own.label);
  label.dir = "auto";
  line.append(label, " by ", own.by ?? "a curator", ", with a claim that is measured on ");
  const link = make("a", "", "its own page");
  link.href = about.dashboards.page(own.page);
  line.append(link, own.score ? ` (held-out F1 ${own.score}).` : ".");
  return line;
}

function automaticTable(labels) {
  const judged = labels.some((label) => label.agreement !== null);
  const columns = [
    ["Chosen from", (label) => HOW[label.method] ?? label.method, ""],
    ["F1", (label) => score(label.score), "number"],
    ["Control", (label) => score(label.control), "number"],
    ["Says yes from", (label) => (from(label)), "number"],
    ["Yes / holds", (label) => (label.score === null ? "–" : `${whole(label.said)} / ${whole(label.held)}`), "number"],
    ...(judged ? [["Against truth", (label) => (label.agreement === null ? "–" : fixed(label.agreement)), "number"]] : []),
  ];
  const table = make("table", "label-table");
  const caption = table.createCaption();
  caption.append(mark(), " Best first, by the half of the text that they were chosen on");
  const head = table.createTHead().insertRow();
  for (const [title, , className] of [["Label", null, ""], ...columns]) {
    const cell = make("th", className, title);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const label of labels) {
    const row = body.insertRow();
    const cell = make("th", "", label.text);
    cell.scope = "row";
    cell.dir = "auto";
    row.append(cell);
    for (const [title, value, className] of columns) {
      const each = make("td", className, value(label));
      each.dataset.column = title;
      row.append(each);
    }
  }
  const frame = make("div", "table-frame");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "Automatic labels");
  frame.append(table);
  return frame;
}

function howScored(feature, about) {
  const words = make("p", "section-note", "Author: automatic; no language model took part. A label is chosen on one half of the sequences and scored on the other. F1: the label against the feature’s yes, an activation from the threshold on. Control: the highest F1 of the same label on other features of the layer that are active about as often. ");
  if (feature.labels.some((label) => label.agreement !== null)) words.append("Against truth: F1 against the best label by a true latent of the text’s generator. ");
  const link = make("a", "", "How automatic labels are made");
  link.href = about.dashboards.page("guide/automatic-labels.html");
  words.append(link);
  return words;
}

/** One line for the top of a page: the best automatic label. */
export function automaticLine(label) {
  const line = make("p", "lead automatic-line");
  const words = make("span", "", label.text);
  words.dir = "auto";
  line.append(mark(), " ", words, make("span", "automatic-score", ` ${scores(label)}`));
  return line;
}

/** Beside a link to a feature: its automatic label, short. */
export function automaticWords(label) {
  const frame = make("span", "automatic-words");
  const words = make("span", "", label.text);
  words.dir = "auto";
  frame.append(mark(), " ", words);
  frame.title = `automatic label ${scores(label)}`;
  return frame;
}

function mark() {
  return make("span", "automatic-mark", "automatic");
}

function scores(label) {
  return !Number.isFinite(label.score) || !Number.isFinite(label.control) ? "(not scored)" : `(F1 ${fixed(label.score)}, control ${fixed(label.control)})`;
}

function from({ score, threshold, share }) {
  if (score === null) return "–";
  return threshold ? `${fixed(threshold)} (top ${percent(share)})` : "any activation";
}

function score(value) {
  return value === null ? "not scored" : fixed(value);
}
