// The words of a text as the index of features knows them (site_builder/feature_search/words.py).
const LONGEST_WORD = 32;
const LONGEST_SYMBOLS = 8;
const SHORTEST_STEMMED = 4;
const MARKS = /[\u2581\u0120\u010a]/g;

function folded(text) {
  return text.replace(MARKS, " ").normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();
}

export function wordsOf(text) {
  return folded(text).split(/\s+/).filter(Boolean).flatMap((chunk) => {
    const inner = chunk.match(/[\p{L}\p{N}]+/gu);
    return inner ? inner.map((word) => first(word, LONGEST_WORD)) : [first(chunk, LONGEST_SYMBOLS)];
  });
}

function first(word, count) {
  return word.length <= count ? word : Array.from(word).slice(0, count).join("");
}

export function stem(word) {
  if (word.length < SHORTEST_STEMMED || !/^[a-z]+$/.test(word)) return word;
  let found = singular(word);
  found = found.endsWith("eed") ? found.slice(0, -1) : present(found);
  return found.length >= SHORTEST_STEMMED && found.endsWith("e") ? found.slice(0, -1) : found;
}

function singular(word) {
  if (word.endsWith("ies") && word.length > SHORTEST_STEMMED) return `${word.slice(0, -3)}y`;
  if (word.endsWith("sses")) return word.slice(0, -2);
  return word.endsWith("s") && !/(ss|us|is)$/.test(word) ? word.slice(0, -1) : word;
}

function present(word) {
  for (const ending of ["ing", "ed"]) {
    if (!word.endsWith(ending)) continue;
    const rest = word.slice(0, -ending.length);
    if (rest.length < SHORTEST_STEMMED - 1 || !/[aeiouy]/.test(rest)) continue;
    const double = rest.at(-1) === rest.at(-2) && !"aeioulsz".includes(rest.at(-1));
    return double ? rest.slice(0, -1) : rest;
  }
  return word;
}

/** What every word of a stem begins with. */
export function root(stemmed) {
  return stemmed.endsWith("y") ? stemmed.slice(0, -1) : stemmed;
}

/** Changes of one letter, or swaps of neighbours, between two words; more than `most` is `most + 1`. */
export function distance(left, right, most) {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  let before = null;
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row++) {
    const next = [row];
    for (let at = 1; at <= right.length; at++) {
      const same = left[row - 1] === right[at - 1] ? 0 : 1;
      next[at] = Math.min(last[at] + 1, next[at - 1] + 1, last[at - 1] + same);
      if (before && left[row - 1] === right[at - 2] && left[row - 2] === right[at - 1]) {
        next[at] = Math.min(next[at], before[at - 2] + 1);
      }
    }
    if (Math.min(...next) > most) return most + 1;
    [before, last] = [last, next];
  }
  return Math.min(last[right.length], most + 1);
}
