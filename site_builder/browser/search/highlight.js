// Marks the words of a query in a text.
import { make } from "../elements.js";
import { stem, wordsOf } from "./words.js";

const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** Whether a word of a text is one that the reader looks for: in any form, the last begun. */
export function finder(text, corrected = new Map()) {
  const words = wordsOf(text);
  const last = /\s$/.test(text) ? "" : words.at(-1) ?? "";
  const stems = new Set(words.map(stem));
  const exact = new Set(corrected.values());
  return (piece) => wordsOf(piece).some((word) =>
    stems.has(stem(word)) || exact.has(word) || (last && word.startsWith(last)));
}

/** Appends a text to an element, the words that fit in <mark>. */
export function appendMarked(parent, text, fits) {
  let end = 0;
  for (const found of text.matchAll(WORD)) {
    if (!fits(found[0])) continue;
    parent.append(text.slice(end, found.index), make("mark", "", found[0]));
    end = found.index + found[0].length;
  }
  parent.append(text.slice(end));
}
