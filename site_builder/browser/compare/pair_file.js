// What any two features have in common: the cosine of their decoder vectors, the tokens on which
// both are active, and the correlation of their activations (atlas/dashboards/pair_files.py).
import { readArrays } from "../features/array_file.js";
import { density } from "../features/shard.js";

const VALUE_STEPS = 255;
const files = new Map(); // address → promise of a file

/** One feature out of its file. `place` is as `Dashboards.place` gives it; null where there is none. */
export async function pairFeature(dashboards, { name, layer, index, dictionary }) {
  const size = dictionary.pair_features;
  if (!size) return null;
  const address = new URL(`${name}/${layer}-${index - (index % size)}.pairs`, dashboards.address);
  if (!files.has(address.href)) {
    const reading = readArrays(address);
    reading.catch(() => files.delete(address.href)); // another try may succeed
    files.set(address.href, reading);
  }
  return takeOut(await files.get(address.href), index);
}

function takeOut({ header, arrays }, index) {
  const row = index - header.first;
  const wide = arrays.decoder.length / header.features;
  const [start, stop] = [arrays.sample_starts[row], arrays.sample_starts[row + 1]];
  const scale = arrays.maximum[row] / VALUE_STEPS;
  return {
    tokens: header.tokens,
    places: header.places,
    active: arrays.active[row],
    sum: arrays.sum[row],
    squares: arrays.squares[row],
    decoder: arrays.decoder.subarray(row * wide, (row + 1) * wide),
    place: arrays.sample_place.subarray(start, stop),
    value: Float64Array.from(arrays.sample_value.subarray(start, stop), (steps) => steps * scale),
    whole: arrays.active[row] <= header.sample, // every token on which it is active is in the sample
  };
}

/** The cosine of two decoder vectors; null where they do not write into the same space. */
export function cosine(one, other) {
  const [a, b] = [one.decoder, other.decoder];
  if (a.length !== b.length) return null;
  let [product, first, second] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    product += a[at] * b[at];
    first += a[at] * a[at];
    second += b[at] * b[at];
  }
  return first && second ? product / Math.sqrt(first * second) : 0;
}

/**
 * How the two are active together; null where they were not read from the same text.
 * Exact where both are known whole; else from the places up to where the shorter sample ends.
 */
export function together(one, other) {
  if (one.tokens !== other.tokens || one.places !== other.places) return null;
  const end = Math.min(reach(one), reach(other));
  const exact = one.whole && other.whole;
  const rate = exact ? 1 : (end + 1) / one.places;
  const found = counted(one, other, end);
  const either = found.first + found.second - found.both;
  const overlap = either ? found.both / either : 0;
  return {
    exact,
    sampled: either,
    both: exact ? found.both : found.both / rate,
    overlap,
    interval: exact || !either ? null : density(found.both, either),
    correlation: correlation(one, other, found.product / rate),
  };
}

function reach(feature) {
  return feature.whole ? Infinity : feature.place[feature.place.length - 1];
}

/** Goes through two rising lists of places side by side. */
function counted(one, other, end) {
  const found = { first: 0, second: 0, both: 0, product: 0 };
  let [a, b] = [0, 0];
  const at = (list, each) => (each < list.length && list[each] <= end ? list[each] : Infinity);
  for (;;) {
    const [left, right] = [at(one.place, a), at(other.place, b)];
    if (left === Infinity && right === Infinity) return found;
    if (left === right) {
      found.both++;
      found.product += one.value[a] * other.value[b];
    }
    if (left <= right) { found.first++; a++; }
    if (right <= left) { found.second++; b++; }
  }
}

/** Pearson's correlation over all tokens, those without activity included; null for a silent one. */
function correlation(one, other, product) {
  const [first, second] = [one, other].map((each) => each.sum / each.tokens);
  const spread = [one, other].map((each) => each.squares / each.tokens - (each.sum / each.tokens) ** 2);
  if (!(spread[0] > 0 && spread[1] > 0)) return null;
  const value = (product / one.tokens - first * second) / Math.sqrt(spread[0] * spread[1]);
  return Math.max(-1, Math.min(1, value));
}
