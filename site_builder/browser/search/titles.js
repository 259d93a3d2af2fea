// Circuits, curated features, models and resources by their titles, ids and facets (find.json).
import { distance, stem, wordsOf } from "./words.js";

const SHORTEST_CORRECTED = 4;
const EXACT = 3;
const FORM = 2.5;
const BEGUN = 2;
const ASIDE = 0.5; // what counts outside of the title
const KINDS = {
  circuits: ([id, title, verdict, model, domain, behaviour], names) => ({
    kind: "Circuit", title, verdict, page: `circuits/${id}/index.html`,
    aside: `${id} ${names.model[model]} ${names.domain[domain]} ${names.behaviour[behaviour]}`,
    detail: [names.domain[domain], names.model[model]],
    facets: { model: names.model[model], domain: names.domain[domain] },
  }),
  features: ([id, title, verdict, model], names) => ({
    kind: "Feature", title, verdict, page: `features/${id}/index.html`, aside: `${id} ${names.model[model]}`,
    detail: [id], facets: { model: names.model[model] },
  }),
  models: ([id, title]) => ({ kind: "Model", title, page: `models/${id}/index.html`, aside: id, detail: [], facets: {} }),
  resources: ([id, title, kind, year, authors]) => ({
    kind: "Resource", title, page: `resources/index.html#resource-${id}`, aside: `${kind} ${year} ${authors}`,
    detail: [kind, String(year), authors].filter(Boolean), facets: {},
  }),
};

export class Titles {
  static async open(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status}`);
    return new Titles(await answer.json(), address);
  }

  constructor(data, address) {
    this.hasFeatureIndex = data.feature_index;
    this.entries = Object.keys(KINDS).flatMap((name) => data[name].map((row) => {
      const entry = KINDS[name](row, data.names);
      return { ...entry, href: new URL(entry.page, address).href,
        words: [...wordsOf(entry.title).map((word) => [word, stem(word), 1]),
          ...wordsOf(entry.aside).map((word) => [word, stem(word), ASIDE])] };
    }));
    this.vocabulary = new Set(this.entries.flatMap((entry) => entry.words.map(([word]) => word)));
  }

  /** Every entry that has all words, the best first; with the words that were corrected. */
  find(text) {
    const words = [...new Set(wordsOf(text))];
    const corrected = new Map();
    if (!words.length) return { found: [], corrected };
    const last = /\s$/.test(text) ? null : wordsOf(text).at(-1);
    let scored = this.scored(words, last);
    if (!scored.length) {
      for (const word of words) {
        const near = this.nearest(word, word === last);
        if (near) corrected.set(word, near);
      }
      if (corrected.size) scored = this.scored(words.map((word) => corrected.get(word) ?? word), null);
    }
    scored.sort((left, right) => right.score - left.score || left.at - right.at);
    return { found: scored.map(({ entry }) => entry), corrected };
  }

  scored(words, last) {
    const stems = words.map(stem);
    const scored = [];
    for (const [at, entry] of this.entries.entries()) {
      let score = 0;
      const all = words.every((word, which) => {
        let best = 0;
        for (const [own, ownStem, weight] of entry.words) {
          const kind = own === word ? EXACT : ownStem === stems[which] ? FORM : word === last && own.startsWith(word) ? BEGUN : 0;
          if (kind * weight > best) best = kind * weight;
        }
        score += best;
        return best > 0;
      });
      if (all) scored.push({ entry, score, at });
    }
    return scored;
  }

  nearest(word, begun) {
    if (word.length < SHORTEST_CORRECTED || this.vocabulary.has(word)) return null;
    if (begun && [...this.vocabulary].some((each) => each.startsWith(word))) return null;
    let best = null;
    let fewest = word.length >= 8 ? 3 : 2;
    for (const each of this.vocabulary) {
      const changes = distance(word, each, fewest - 1);
      if (changes < fewest) [best, fewest] = [each, changes];
    }
    return best;
  }
}
