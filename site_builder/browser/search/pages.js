// Text of pages, by Pagefind. Its excerpts come as markup and are taken apart into text.
import { make } from "../elements.js";
import { stem, wordsOf } from "./words.js";

// The library answers a word that is nowhere with the words of its first letters: a page counts
// where it has a form of the word, or one that begins with this much of it.
const ALIKE = 2 / 3;

let library = null;

/** Loads the library and its index of words, once. */
export function loadPages(address) {
  library ??= import(address).then(async (pagefind) => {
    await pagefind.options({ excerptLength: 22 });
    await pagefind.init();
    return pagefind;
  });
  library.catch(() => { library = null; });
  return library;
}

/** The best pages, and how many there are. */
export async function findPages(address, text, limit) {
  const pagefind = await loadPages(address);
  const found = await pagefind.search(text);
  const words = wordsOf(text);
  const loaded = await Promise.all(found.results.slice(0, limit).map((one) => one.data()));
  const pages = loaded.filter((page) => has(page, words));
  return {
    total: pages.length && found.results.length - (loaded.length - pages.length),
    pages: pages.map(({ url, meta, excerpt }) => ({
      href: new URL(url, location.href).href, title: meta.title ?? url, kind: meta.kind ?? "Guide", excerpt,
    })),
  };
}

function has({ excerpt }, words) {
  return excerptNodes(excerpt).some((node) => node.nodeName === "MARK" && wordsOf(node.textContent).some((found) =>
    words.some((word) => stem(found) === stem(word) || found.startsWith(word.slice(0, Math.ceil(word.length * ALIKE))))));
}

function excerptNodes(excerpt) {
  return [...new DOMParser().parseFromString(excerpt, "text/html").body.childNodes];
}

// An excerpt is text with <mark>: nothing else becomes an element.
export function appendExcerpt(parent, excerpt) {
  for (const node of excerptNodes(excerpt)) {
    parent.append(node.nodeName === "MARK" ? make("mark", "", node.textContent) : node.textContent);
  }
}
