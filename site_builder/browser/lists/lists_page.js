// `lists/index.html`: the reader's lists, with sharing, files and names; or a list out of an address.
import { make } from "../elements.js";
import { saveFile } from "../save_file.js";
import { asBibtex, asCsv, asJson, readFile } from "./files.js";
import { newListForm } from "./new_list.js";
import { shareText, sharedList } from "./share.js";
import { LONGEST, ListProblem, Lists, freeName, pageOf } from "./store.js";

const frame = document.querySelector(".lists");
const told = document.querySelector(".lists-told");
const root = new URL(".", new URL(document.querySelector(".site-search").dataset.find, location.href));
const lists = new Lists();

function button(words, act, className = "button") {
  const made = make("button", className, words);
  made.type = "button";
  made.addEventListener("click", () => attempt(act));
  return made;
}

async function attempt(act) {
  try {
    told.textContent = (await act()) ?? "";
  } catch (error) {
    if (!(error instanceof ListProblem)) throw error;
    told.textContent = error.message;
  }
}

function change(act, words) {
  lists.change(act);
  draw();
  return words;
}

function draw() {
  const all = lists.read();
  const parts = [tools(all)];
  if (!all.length) parts.push(make("p", "empty", "No lists yet. “Save to a list” on the page of a circuit, feature or model starts one."));
  frame.replaceChildren(...parts, ...all.map((list, at) => block(list, at)));
}

function tools(all) {
  const bar = make("div", "lists-tools");
  const form = newListForm("Add list", (wanted) => {
    attempt(() => change((known) => known.push({ name: freeName(wanted, known), items: [] }), "List added."));
  });
  const label = make("label", "button lists-import", "Import a file");
  const file = make("input", "visually-hidden");
  file.type = "file";
  file.accept = ".json,.csv";
  file.addEventListener("change", () => attempt(async () => {
    const read = await readFile(file.files[0]);
    lists.add(read);
    draw();
    return `${read.length} ${read.length === 1 ? "list" : "lists"} imported.`;
  }));
  label.append(file);
  bar.append(form, label);
  if (all.length) bar.append(button("Export all (JSON)", () => saveFile("atlas-lists.json", asJson(all), "application/json")));
  return bar;
}

function block(list, at) {
  const section = make("section", "list-block");
  const head = make("h2", "", list.name);
  head.dir = "auto";
  section.append(head, items(list, at));
  const name = list.name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40) || "list";
  const bar = make("div", "lists-tools");
  bar.append(
    button("Share", async () => shareBox(section, list)),
    button("JSON", () => saveFile(`${name}.json`, asJson([list]), "application/json")),
    button("CSV", () => saveFile(`${name}.csv`, asCsv([list]), "text/csv")),
    button("BibTeX", () => bibtex(list, name)),
    button("Rename", () => renameBox(section, head, at)),
    deleteButton(at),
  );
  section.append(bar);
  return section;
}

/** A list's entries as a table; `at` is absent where the list belongs to somebody else. */
function items(list, at) {
  if (!list.items.length) return make("p", "empty", "Nothing on this list yet.");
  const table = make("table", "list-items");
  for (const item of list.items) {
    const row = table.insertRow();
    const link = make("a", "", item.title);
    link.href = new URL(pageOf(item), root).href;
    link.dir = "auto";
    const head = make("th");
    head.scope = "row";
    head.append(link);
    row.append(head, make("td", "", item.kind), make("td", "mono", item.id));
    const note = make("td", "list-note", at === undefined ? item.note : "");
    note.dir = "auto";
    row.append(note);
    if (at === undefined) continue;
    note.append(noteBox(item, at));
    const off = button("Remove", () => change((all) => {
      all[at].items = all[at].items.filter((each) => !same(each, item));
    }, "Removed."), "filter-clear");
    off.setAttribute("aria-label", `Remove ${item.title}`);
    const cell = make("td");
    cell.append(off);
    row.append(cell);
  }
  const scroller = make("div", "table-frame");
  scroller.tabIndex = 0;
  scroller.setAttribute("role", "region");
  scroller.setAttribute("aria-label", `Entries of ${list.name}`);
  scroller.append(table);
  return scroller;
}

function same(one, other) {
  return one.kind === other.kind && one.id === other.id;
}

/** Where a reader writes why an entry is on the list; kept when they leave it. */
function noteBox(item, at) {
  const box = make("textarea");
  box.rows = 1;
  box.dir = "auto";
  box.maxLength = LONGEST.note;
  box.placeholder = "Add a note";
  box.value = item.note;
  box.setAttribute("aria-label", `Note on ${item.title}`);
  box.addEventListener("change", () => attempt(() => {
    item.note = box.value;
    lists.change((all) => { all[at].items.find((each) => same(each, item)).note = box.value; });
    return "Note kept.";
  }));
  return box;
}

async function shareBox(section, list) {
  const address = new URL(location.href);
  address.hash = `share=${await shareText(list)}`;
  const box = make("input", "lists-address");
  box.readOnly = true;
  box.value = address.href;
  box.setAttribute("aria-label", `Address of the list ${list.name}`);
  section.querySelector(".lists-address")?.remove();
  section.append(box);
  box.focus();
  box.select();
  const copied = await navigator.clipboard?.writeText(box.value).then(() => true, () => false);
  return copied ? "The list’s address is copied: whoever opens it sees the list." : "Copy the address: whoever opens it sees the list.";
}

async function bibtex(list, name) {
  const { text, missing } = await asBibtex(list, root);
  if (!text) throw new ListProblem("None of these entries has a citation.");
  saveFile(`${name}.bib`, text, "application/x-bibtex");
  return missing ? `${missing} of ${list.items.length} entries have no citation of their own.` : "Saved.";
}

function renameBox(section, head, at) {
  const form = make("form", "star-new");
  const box = make("input");
  box.type = "text";
  box.maxLength = 80;
  box.value = head.textContent;
  box.setAttribute("aria-label", "New name of the list");
  form.append(box, make("button", "button", "Keep"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = box.value.trim();
    if (wanted) attempt(() => change((all) => { all[at].name = freeName(wanted, all.filter((_, other) => other !== at)); }, "Renamed."));
  });
  head.replaceWith(form);
  box.select();
}

function deleteButton(at) {
  let sure = false;
  const made = button("Delete list", () => {
    if (sure) return change((all) => all.splice(at, 1), "List deleted.");
    sure = true;
    made.textContent = "Press again to delete";
    return "";
  });
  made.addEventListener("blur", () => { sure = false; made.textContent = "Delete list"; });
  return made;
}

async function drawShared(letters) {
  const list = await sharedList(letters);
  const head = make("h2", "", list.name);
  head.dir = "auto";
  const own = make("a", "button", "Your own lists");
  own.href = "index.html";
  const bar = make("div", "lists-tools");
  bar.append(button("Keep in my lists", () => {
    lists.add([list]);
    history.replaceState(null, "", location.pathname);
    draw();
    return "Kept.";
  }), own);
  frame.replaceChildren(make("p", "section-note", "Somebody shared this list with you."), head, items(list), bar);
}

function start() {
  told.textContent = "";
  const letters = /^#share=([A-Za-z0-9_-]+)$/.exec(location.hash)?.[1];
  attempt(() => (letters ? drawShared(letters) : location.hash.startsWith("#share=") ? drawShared("") : draw()));
}

addEventListener("hashchange", start);
addEventListener("storage", () => { if (!location.hash) attempt(draw); });
start();
