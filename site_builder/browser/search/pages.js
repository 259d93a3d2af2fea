// Text of pages, by Pagefind. Its excerpts come as markup and are taken apart into text.
import { make } from "../elements.js";

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
  const pages = await Promise.all(found.results.slice(0, limit).map((one) => one.data()));
  return {
    total: found.results.length,
    pages: pages.map(({ url, meta, excerpt }) => ({
      href: new URL(url, location.href).href, title: meta.title ?? url, kind: meta.kind ?? "Guide", excerpt,
    })),
  };
}

// An excerpt is text with <mark>: nothing else becomes an element.
export function appendExcerpt(parent, excerpt) {
  const parsed = new DOMParser().parseFromString(excerpt, "text/html");
  for (const node of parsed.body.childNodes) {
    parent.append(node.nodeName === "MARK" ? make("mark", "", node.textContent) : node.textContent);
  }
}
