// Searches all features: every word must be there, the last one may be a beginning; a word that is
// nowhere is corrected. One query reads at most 12 files and 200 KB, the index itself among them:
// where that does not suffice, the answer says that it is not complete.
import { readArrays } from "../features/array_file.js";
import { distance, root, stem, wordsOf } from "./words.js";
import { WordFiles, eachPosting } from "./word_files.js";

const MOST_FILES = 12; // of one query, the index itself among them
const MOST_BYTES = 198_000; // files of texts differ a little from their mean
const MOST_WORD_FILES = 6;
const MOST_WORD_BYTES = 90_000;
const MOST_WORDS = 6; // of a query; more are left out
const SHORTEST_CORRECTED = 4; // letters
const TWO_CHANGES = 8; // letters from which on two changes are allowed
const FIELDS = [[1, 3], [2, 2], [4, 1]]; // bit and weight of label, trigger token, promoted token
const EXACT = 1;
const STEM = 0.9;
const PREFIX = 0.7;
const CORRECTED = 0.5;
const WEIGHT = Array.from({ length: 8 }, (_, fields) =>
  Math.max(0, ...FIELDS.filter(([bit]) => fields & bit).map(([, weight]) => weight)));

/**
 * @typedef {{model: string, dictionary: string, layer: number}} Place
 * @typedef {Place & {index: number, label: string, curated: boolean, triggers: string[],
 *   promoted: string[], score: number}} Found
 * @typedef {{total: number, complete: boolean, results: Found[], groups: Array<Place & {count: number}>,
 *   matched: Set<string>, corrected: Map<string, string>}} Answer
 */

export class FeatureIndex {
  static async open(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status}`);
    return new FeatureIndex(await answer.json(), address);
  }

  constructor(index, address) {
    this.about = index;
    this.address = address;
    this.words = new WordFiles(index.words, address);
    this.texts = new Map(); // number of a file → promise of its rows
    this.frequent = null;
    let first = 0;
    this.groups = index.groups.map(([model, dictionary, layer, features]) => {
      const group = { model, dictionary, layer, first, stop: first + features };
      first = group.stop;
      return group;
    });
  }

  /**
   * The best features for some words.
   * @param {string} text
   * @param {{filter?: Partial<Place>, limit?: number, start?: number, whole?: boolean}} [options]
   *   whole: the last word is finished
   * @returns {Promise<Answer>}
   */
  async search(text, { filter = {}, limit = 8, start = 0, whole = false } = {}) {
    const { ranked, query } = await this.match(text, filter, whole);
    return {
      total: ranked.length,
      complete: query.complete,
      results: await this.shown(ranked, start, limit, query),
      groups: this.counts(ranked),
      matched: query.matched,
      corrected: query.corrected,
    };
  }

  /** All features for some words as `[feature, score]`, the best first, and what was read for it. */
  async match(text, filter, whole) {
    const words = wordsOf(text);
    const asked = [...new Set(words)].slice(0, MOST_WORDS);
    const query = {
      ranges: this.ranges(filter), files: 1, bytes: 0, wordFiles: MOST_WORD_FILES, counted: new Set(),
      complete: asked.length === new Set(words).size, matched: new Set(), corrected: new Map(),
    };
    const lists = [];
    for (const [at, word] of asked.entries()) {
      query.wordsLeft = asked.length - at - 1;
      const unfinished = !whole && word === words.at(-1) && !/\s$/.test(text);
      lists.push(await this.features(word, unfinished, query));
    }
    return { ranked: asked.length ? this.rank(lists, query.ranges) : [], query };
  }

  /** The features that an id names: `4-81` in every dictionary, or `model/dictionary/4-81`. */
  async byId(text, { filter = {}, limit = 8, start = 0 } = {}) {
    const parts = /^(?:([a-z0-9-]+)\/([a-z0-9-]+)\/)?(\d{1,4})-(\d{1,9})$/.exec(text);
    const [, model, dictionary, layer, index] = parts ?? [];
    const fitting = parts ? this.fitting({ ...filter, layer: Number(layer), ...(model && { model, dictionary }) }) : [];
    const found = fitting.filter((group) => Number(index) < group.stop - group.first);
    const ranked = found.map((group) => [group.first + Number(index), 1]);
    return {
      total: ranked.length, complete: true, results: await this.shown(ranked, start, limit, { files: 1, bytes: 0 }),
      groups: this.counts(ranked), matched: new Set(), corrected: new Map(),
    };
  }

  fitting(filter) {
    const wanted = Object.entries(filter).filter(([, value]) => value !== undefined && value !== "");
    return this.groups.filter((group) => wanted.every(([name, value]) => String(group[name]) === String(value)));
  }

  ranges(filter) {
    return this.fitting(filter).map((group) => [group.first, group.stop]);
  }

  /** The features that have a word in one of its forms, with the weight of the best. */
  async features(word, unfinished, query) {
    const stemmed = stem(word);
    const kindOf = (term) => {
      if (term === word) return EXACT;
      if (stem(term) === stemmed) return STEM;
      return unfinished && term.startsWith(word) ? PREFIX : 0;
    };
    const found = await this.collect(this.allowed(word, root(stemmed), query), kindOf, query);
    if (found.size || word.length < SHORTEST_CORRECTED) return found;
    const near = await this.nearest(word, query);
    if (!near) return found;
    query.corrected.set(word, near);
    const files = this.within(this.words.between(near, near, query.ranges), query);
    return this.collect(files, (term) => (term === near ? CORRECTED : 0), query);
  }

  /** The files to read for a word: of all its forms, else of the word alone. */
  allowed(word, start, query) {
    const all = this.words.beginning(start, query.ranges);
    if (this.affordable(all, query)) return this.take(all, query);
    query.complete = false;
    return this.within(this.words.between(word, word, query.ranges), query);
  }

  /** As many of the files as may be read, at least one. */
  within(files, query) {
    let many = files.length;
    while (many > 1 && !this.affordable(files.slice(0, many), query)) many--;
    if (many < files.length) query.complete = false;
    return this.take(files.slice(0, many), query);
  }

  affordable(files, query) {
    const fresh = files.filter((each) => !query.counted.has(each));
    const left = query.wordFiles - query.wordsLeft;
    return fresh.length <= left && query.bytes + this.words.bytes(fresh) <= MOST_WORD_BYTES;
  }

  take(files, query) {
    const fresh = files.filter((each) => !query.counted.has(each));
    for (const each of fresh) query.counted.add(each);
    query.files += fresh.length;
    query.wordFiles -= fresh.length;
    query.bytes += this.words.bytes(fresh);
    return files;
  }

  async collect(files, kindOf, query) {
    const found = new Map();
    for (const blocks of await Promise.all(files.map((each) => this.words.blocks(each)))) {
      for (const { word, bytes } of blocks) {
        const kind = kindOf(word);
        if (!kind) continue;
        query.matched.add(word);
        eachPosting(bytes, (feature, fields) => {
          const weight = kind * WEIGHT[fields];
          if (weight > (found.get(feature) ?? 0) && within(feature, query.ranges)) found.set(feature, weight);
        });
      }
    }
    return found;
  }

  /** The nearest of the frequent words: fewest changes, then most features. */
  async nearest(word, query) {
    this.frequent ??= readArrays(new URL("frequent.words", this.address)).then(({ header }) => header.words);
    query.files += 1;
    query.bytes += this.about.frequent_bytes;
    const known = await this.frequent;
    if (known.includes(word)) return null; // it is there, but not within the facets
    const most = word.length >= TWO_CHANGES ? 2 : 1;
    let best = null;
    let fewest = most + 1;
    for (const each of known) {
      const changes = distance(word, each, fewest - 1);
      if (changes < fewest) [best, fewest] = [each, changes];
      if (fewest === 1) break; // they come most frequent first
    }
    return best;
  }

  /** Features with every word, the best first: rare words count more, as do labels. */
  rank(lists, ranges) {
    const all = ranges.reduce((sum, [start, stop]) => sum + stop - start, 0);
    const rarity = lists.map((list) => Math.log(1 + all / Math.max(list.size, 1)));
    const shortest = lists.reduce((least, list) => (list.size < least.size ? list : least));
    const ranked = [];
    for (const feature of shortest.keys()) {
      if (!lists.every((list) => list.has(feature))) continue;
      ranked.push([feature, lists.reduce((sum, list, at) => sum + rarity[at] * list.get(feature), 0)]);
    }
    return ranked.sort((left, right) => right[1] - left[1] || left[0] - right[0]);
  }

  counts(ranked) {
    const counts = this.groups.map((group) => ({ ...group, count: 0 }));
    for (const [feature] of ranked) this.groupOf(feature, counts).count += 1;
    return counts.filter((group) => group.count);
  }

  groupOf(feature, groups = this.groups) {
    let low = 0;
    let high = groups.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (feature < groups[middle].stop) high = middle;
      else low = middle + 1;
    }
    return groups[low];
  }

  /** What is shown of some results: as many as the files that are left allow. */
  async shown(ranked, start, limit, query) {
    const left = MOST_BYTES - this.about.index_bytes - query.bytes;
    const fitting = Math.floor(left / Math.max(this.about.texts_bytes, 1));
    const most = Math.max(1, Math.min(MOST_FILES - query.files, fitting));
    const numbers = new Set();
    const chosen = [];
    for (const [feature, score] of ranked.slice(start, start + limit)) {
      const number = Math.floor(feature / this.about.texts);
      if (!numbers.has(number) && numbers.size === most) break;
      numbers.add(number);
      chosen.push({ feature, score, number });
    }
    return Promise.all(chosen.map(({ feature, score, number }) => this.result(feature, score, number)));
  }

  async result(feature, score, number) {
    const [label, curated, triggers, promoted] = (await this.rows(number))[feature % this.about.texts];
    const { model, dictionary, layer, first } = this.groupOf(feature);
    return { model, dictionary, layer, index: feature - first, label, curated: Boolean(curated), triggers, promoted, score };
  }

  rows(number) {
    if (!this.texts.has(number)) {
      const reading = readArrays(new URL(`${number}.texts`, this.address)).then(({ header }) => header.texts);
      reading.catch(() => this.texts.delete(number));
      this.texts.set(number, reading);
    }
    return this.texts.get(number);
  }
}

function within(feature, ranges) {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (feature < ranges[middle][1]) high = middle;
    else low = middle + 1;
  }
  return low < ranges.length && feature >= ranges[low][0];
}
