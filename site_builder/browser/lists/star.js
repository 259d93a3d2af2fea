// The button on an entry's page that puts it on the reader's lists.
import { make } from "../elements.js";
import { newListForm } from "./new_list.js";
import { ListProblem, Lists, freeName } from "./store.js";

const FIRST_LIST = "Saved";
const PAGES = [
  ["circuit", /^circuits\/([^/]+)\/(?:index\.html)?$/],
  ["feature", /^features\/([^/]+\/[^/]+\/[^/]+)\/(?:index\.html)?$/],
  ["model", /^models\/([^/]+)\/(?:index\.html)?$/],
];

/** Puts the button under the title of a circuit's, feature's or model's page. */
export function connectStar() {
  const title = document.querySelector(".page-entry h1");
  const form = document.querySelector(".site-search");
  if (!title || !form) return;
  const root = new URL(".", new URL(form.dataset.find, location.href));
  const path = decodeURIComponent(location.pathname.slice(root.pathname.length));
  for (const [kind, pattern] of PAGES) {
    const id = pattern.exec(path)?.[1];
    if (id) title.after(star({ kind, id, title: title.textContent }, root));
  }
}

/** @param {{kind: string, id: string, title: string}} entry */
export function star(entry, root) {
  const lists = new Lists();
  const frame = make("details", "star");
  const summary = make("summary", "button");
  const panel = make("div", "star-panel");
  frame.append(summary, panel);
  const name = (held) => {
    const where = held.length === 1 ? `“${held[0]}”` : `${held.length} lists`;
    summary.textContent = held.length ? `★ On ${where}` : "☆ Save to a list";
  };
  const draw = () => {
    try {
      const held = lists.holding(entry.kind, entry.id);
      name(held);
      if (frame.open) panel.replaceChildren(...choices(lists, entry, root, name, draw));
    } catch (error) {
      name([]);
      if (frame.open) panel.replaceChildren(problem(error));
    }
  };
  frame.addEventListener("toggle", draw);
  frame.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !frame.open) return;
    frame.open = false;
    summary.focus();
  });
  document.addEventListener("pointerdown", (event) => { if (!frame.contains(event.target)) frame.open = false; });
  addEventListener("storage", draw); // another tab changed the lists
  draw();
  return frame;
}

function choices(lists, entry, root, rename, draw) {
  const held = lists.holding(entry.kind, entry.id);
  const told = make("p", "star-told");
  told.setAttribute("role", "alert");
  const put = (name, inside) => {
    try {
      lists.set(entry, name, inside);
      rename(lists.holding(entry.kind, entry.id));
      told.textContent = "";
      return true;
    } catch (error) {
      told.textContent = problem(error).textContent;
      return false;
    }
  };
  const known = lists.read().map((list) => list.name);
  const boxes = (known.length ? known : [FIRST_LIST]).map((name) => {
    const label = make("label", "star-choice");
    const box = make("input");
    box.type = "checkbox";
    box.checked = held.includes(name);
    box.addEventListener("change", () => {
      if (!put(name, box.checked)) box.checked = !box.checked;
    });
    const words = make("span", "", name);
    words.dir = "auto";
    label.append(box, words);
    return label;
  });
  const form = newListForm("Add", (wanted) => {
    if (!put(freeName(wanted, lists.read()), true)) return;
    const panel = form.parentElement;
    draw();
    panel.querySelector(".star-choice:last-of-type input").focus();
  });
  const all = make("a", "", "All your lists");
  all.href = new URL("lists/index.html", root).href;
  return [...boxes, form, told, all];
}

function problem(error) {
  return make("p", "star-told", error instanceof ListProblem ? error.message : "Your lists could not be changed.");
}
