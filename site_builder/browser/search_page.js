// The search page: every result of one query, which the address keeps (`search.html?q=…`).
import { resultItem, search, unavailable } from "./search_box.js";

const LIMIT = 60;
const form = document.querySelector(".search-page-form");
const box = form.querySelector("input");
const list = document.querySelector(".search-results");
const status = document.querySelector(".search-status");
const address = document.querySelector(".site-search").dataset.search;
let turn = 0;

async function run() {
  const words = box.value.trim();
  const mine = ++turn;
  const here = new URL(location.href);
  if (words) here.searchParams.set("q", words);
  else here.searchParams.delete("q");
  history.replaceState(null, "", here);
  if (!words) {
    list.replaceChildren();
    status.textContent = "";
    return;
  }
  try {
    const { total, results } = await search(address, words, LIMIT);
    if (mine !== turn) return;
    list.replaceChildren(...results.map(resultItem));
    const shown = total > LIMIT ? `, the first ${LIMIT} shown` : "";
    status.textContent = total === 1 ? "1 page" : `${total} pages${shown}`;
  } catch {
    list.replaceChildren(unavailable());
    status.textContent = "";
  }
}

let timer = 0;
box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(run, 150);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
box.value = new URL(location.href).searchParams.get("q") ?? "";
if (box.value) run();
else box.focus({ preventScroll: true });
