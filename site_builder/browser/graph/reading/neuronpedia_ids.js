// Ids and numbers of the shared graph format, as atlas/graphs/neuronpedia_ids.py writes them.
import { ANSWER, ATTENTION, ERROR, FEATURE, TOKEN } from "../data/kinds.js";

/** Cantor's number for (layer, index): the format's `feature`. */
export function pair(layer, index) {
  return ((layer + index) * (layer + index + 1)) / 2 + index;
}

/** The (layer, index) that `pair` turned into a number; exact for every real size. */
export function unpair(number) {
  let total = Math.floor((Math.sqrt(8 * number + 1) - 1) / 2);
  while ((total * (total + 1)) / 2 > number) total--;
  while (((total + 1) * (total + 2)) / 2 <= number) total++;
  const index = number - (total * (total + 1)) / 2;
  return [total - index, index];
}

/** The id of a node, and the second one that viewers show. */
export function idsOf({ kind, layer, index, position }, node, answerLayer) {
  const [l, i, p] = [layer[node], index[node], Math.max(position[node], 0)];
  switch (kind[node]) {
    case FEATURE:
      return [`${l}_${i}_${p}`, `${l}_${i}-0`];
    case ATTENTION:
      return [`${l}_lor_${i}_${p}`, `${l}_${i}-0`];
    case ERROR:
      return [i <= 0 ? `${l}_-1_${p}` : `${l}_error${i}_${p}`, `${l}_error_${p}-0`];
    case TOKEN:
      return [`E_${i}_${p}`, `E_${i}-${p}`];
    case ANSWER:
      return [`${answerLayer}_${i}_${p}`, `L_${i}-${p}`];
    default:
      return [`${l}_error_attn_${p}`, `${l}_error_attn_${p}-0`];
  }
}
