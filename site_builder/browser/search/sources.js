// The three that one box asks: titles of entries, the index of all features, text of pages. Each
// gives `{ name, total, complete, items, corrected }`, as soon as it has it.
import { FeatureIndex } from "./feature_index.js";
import { findPages, loadPages } from "./pages.js";
import { Titles } from "./titles.js";

/**
 * @typedef {{href: string, kind: string, title: string, detail: string[], tokens?: string[][],
 *   verdict?: string, excerpt?: string, facets?: object}} Item
 */
export class Sources {
  /** @param {HTMLElement} form the site's search form, which holds where the three lie */
  constructor(form) {
    this.pagesAddress = new URL(form.dataset.search, location.href).href;
    this.root = new URL(form.dataset.find, location.href);
    this.titles = Titles.open(this.root);
    this.index = this.titles.then(({ hasFeatureIndex }) =>
      (hasFeatureIndex ? FeatureIndex.open(new URL("feature_index/index.json", this.root)) : null));
    for (const each of [this.titles, this.index, loadPages(this.pagesAddress)]) each.catch(() => {});
  }

  async findTitles(text) {
    const { found, corrected } = (await this.titles).find(text);
    return { name: "entries", total: found.length, complete: true, items: found, corrected };
  }

  /** Features by a whole or short id first, else by words. */
  async findFeatures(text, options) {
    const index = await this.index;
    if (!index) return { name: "features", total: 0, complete: true, items: [], groups: [], corrected: new Map() };
    const ids = await index.byId(text.trim(), options);
    const answer = ids.total ? ids : await index.search(text, options);
    return { ...answer, name: "features", items: answer.results.map((found) => this.featureItem(found)) };
  }

  featureItem({ model, dictionary, layer, index, label, curated, triggers, promoted }) {
    const short = `${layer}-${index}`;
    const address = new URL("features/index.html", this.root);
    address.search = `?id=${model}/${dictionary}/${short}`;
    const tokens = [["fires on", triggers], ["promotes", promoted]].filter(([, each]) => each.length);
    return {
      href: address.href, kind: short, title: label || triggers.join(" ") || promoted.join(" ") || "no text",
      detail: [model, dictionary, ...(label && !curated ? ["automatic label"] : [])],
      tokens: label ? tokens : tokens.slice(triggers.length ? 1 : 0),
    };
  }

  async findPages(text, limit) {
    const { total, pages } = await findPages(this.pagesAddress, text, limit);
    return { name: "pages", total, complete: true, corrected: new Map(), items: pages.map((page) => ({ ...page, detail: [] })) };
  }
}

export function unavailable() {
  return location.protocol === "file:"
    ? "Search works when the site is served: run `atlas site serve`."
    : "The search index could not be loaded.";
}
