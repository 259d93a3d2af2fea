// One result as a link; everything in it is text.
import { make } from "../elements.js";
import { appendMarked } from "./highlight.js";
import { appendExcerpt } from "./pages.js";

/**
 * @param {import("./sources.js").Item} item
 * @param {(piece: string) => boolean} fits whether a word is one that the reader looks for
 */
export function resultLink(item, fits) {
  const link = make("a", "search-result");
  link.href = item.href;
  link.append(make("span", "search-kind", item.kind), marked("span", "search-title", item.title, fits));
  const more = make("span", "search-excerpt");
  more.dir = "auto";
  if (item.excerpt) appendExcerpt(more, item.excerpt);
  if (item.verdict) more.append(make("span", "search-verdict", item.verdict.replaceAll("_", " ")));
  for (const each of item.detail) more.append(marked("span", "search-detail", each, fits));
  for (const [words, tokens] of item.tokens ?? []) {
    const list = make("span", "search-detail", `${words} `);
    for (const token of tokens) list.append(marked("bdi", "search-token", token, fits));
    more.append(list);
  }
  if (more.hasChildNodes()) link.append(more);
  return link;
}

function marked(name, className, text, fits) {
  const element = make(name, className);
  element.dir = "auto";
  appendMarked(element, text, fits);
  return element;
}

/** What a list's total says: exact, or at least so many. */
export function counted(total, complete, noun, plural = `${noun}s`) {
  const written = total.toLocaleString("en").replaceAll(",", "\u202f");
  return `${complete ? "" : "more than "}${written} ${total === 1 && complete ? noun : plural}`;
}
