// The search box of the header and the search page. No byte of the index is loaded before the
// reader focuses a box; results are shown as text, never as markup.
const PAUSE = 150; // milliseconds of silence after a key press before searching
const SHOWN = 8;

let library = null;

function loadSearch(address) {
  library ??= import(new URL(address, location.href).href).then(async (pagefind) => {
    await pagefind.options({ excerptLength: 22 });
    await pagefind.init();
    return pagefind;
  });
  return library;
}

export async function search(address, words, limit) {
  const pagefind = await loadSearch(address);
  const found = await pagefind.search(words);
  const results = await Promise.all(found.results.slice(0, limit).map((one) => one.data()));
  return { total: found.results.length, results };
}

// An excerpt comes as text with <mark>; it is taken apart, so that nothing else becomes an element.
export function appendExcerpt(parent, excerpt) {
  const parsed = new DOMParser().parseFromString(excerpt, "text/html");
  for (const node of parsed.body.childNodes) {
    if (node.nodeName === "MARK") {
      const mark = document.createElement("mark");
      mark.textContent = node.textContent;
      parent.append(mark);
    } else {
      parent.append(node.textContent);
    }
  }
}

export function resultItem(data) {
  const item = document.createElement("a");
  item.className = "search-result";
  item.href = data.url;
  const title = document.createElement("span");
  title.className = "search-title";
  title.dir = "auto";
  title.textContent = data.meta.title ?? data.url;
  const kind = document.createElement("span");
  kind.className = "search-kind";
  kind.textContent = data.meta.kind ?? "Guide";
  const excerpt = document.createElement("span");
  excerpt.className = "search-excerpt";
  excerpt.dir = "auto";
  appendExcerpt(excerpt, data.excerpt);
  item.append(kind, title, excerpt);
  return item;
}

function note(words) {
  const line = document.createElement("p");
  line.className = "search-note";
  line.textContent = words;
  return line;
}

export function unavailable() {
  return note(
    location.protocol === "file:"
      ? "Search works when the site is served: run `atlas site serve`."
      : "The search index could not be loaded.",
  );
}

export function connectSearchBox() {
  const form = document.querySelector(".site-search");
  if (!form) return;
  const box = form.querySelector("input");
  const drop = form.querySelector(".search-drop");
  const address = form.dataset.search;
  let timer = 0;
  let turn = 0;
  const show = async () => {
    const words = box.value.trim();
    const mine = ++turn;
    if (!words) {
      drop.hidden = true;
      return;
    }
    try {
      const { total, results } = await search(address, words, SHOWN);
      if (mine !== turn) return; // a later search is under way
      drop.replaceChildren(...results.map(resultItem));
      drop.append(note(total > SHOWN ? `${total} pages; press Enter for all` : total ? "" : "Nothing found"));
    } catch {
      drop.replaceChildren(unavailable());
    }
    drop.hidden = false;
  };
  box.addEventListener("focus", () => loadSearch(address).catch(() => {}), { once: true });
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
  form.addEventListener("keydown", (event) => {
    const items = [...drop.querySelectorAll("a")];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") {
      drop.hidden = true;
      box.focus();
    } else if (event.key === "ArrowDown" && items.length) {
      items[Math.min(at + 1, items.length - 1)].focus();
      event.preventDefault();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (at ? items[at - 1] : box).focus();
      event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) drop.hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      box.focus();
      event.preventDefault();
    }
  });
}
