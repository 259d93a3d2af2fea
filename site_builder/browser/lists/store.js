// The reader's named lists, kept in this browser alone. Whatever comes from storage, a file or an
// address is checked field by field; titles may be any text and are only ever shown as text.
const KEY = "atlas-lists";
export const VERSION = 1;
const MOST_LISTS = 100;
const MOST_ITEMS = 2000; // of one list
export const LONGEST = { name: 80, title: 300, note: 1000 };
const IDS = {
  circuit: /^[a-z0-9]+(-[a-z0-9]+)*$/,
  feature: /^[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9-]*\/\d{1,4}-\d{1,9}$/,
  model: /^[a-z0-9]+(-[a-z0-9]+)*$/,
};

/** What went wrong, in words for the reader. */
export class ListProblem extends Error {}

/** @typedef {{kind: "circuit"|"feature"|"model", id: string, title: string, note: string}} Item */
/** @typedef {{name: string, items: Item[]}} List */

export class Lists {
  /** @returns {List[]} */
  read() {
    const text = attempt(() => localStorage.getItem(KEY));
    if (text === null) return [];
    try {
      return checkedLists(JSON.parse(text));
    } catch {
      throw new ListProblem("What this browser has stored as your lists cannot be read. Import a saved file to replace it.");
    }
  }

  /** @param {List[]} lists */
  write(lists) {
    attempt(() => localStorage.setItem(KEY, JSON.stringify({ version: VERSION, lists })));
    dispatchEvent(new Event("atlas-lists"));
  }

  /** Reads the lists, lets `change` alter them, and writes them. */
  change(change) {
    const lists = this.read();
    change(lists);
    this.write(checkedLists({ version: VERSION, lists }));
  }

  set({ kind, id, title }, name, inside) {
    this.change((lists) => {
      let list = lists.find((each) => each.name === name);
      if (!list) lists.push(list = { name, items: [] });
      list.items = list.items.filter((item) => item.kind !== kind || item.id !== id);
      if (inside) list.items.push({ kind, id, title, note: "" });
    });
  }

  /** The names of the lists that hold an entry. */
  holding(kind, id) {
    return this.read().filter((list) => list.items.some((item) => item.kind === kind && item.id === id)).map((list) => list.name);
  }

  /** Adds lists under names that are free. */
  add(more) {
    this.change((lists) => {
      for (const list of more) lists.push({ ...list, name: freeName(list.name, lists) });
    });
  }
}

export function freeName(wanted, lists) {
  const taken = new Set(lists.map((list) => list.name));
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted.slice(0, LONGEST.name - 5)} ${number}`;
  return name;
}

/** Lists from parsed JSON; throws ListProblem for anything else. */
export function checkedLists(data) {
  if (data?.version !== VERSION || !Array.isArray(data.lists)) throw new ListProblem("This is no file of lists from the atlas.");
  if (data.lists.length > MOST_LISTS) throw new ListProblem(`There may be at most ${MOST_LISTS} lists.`);
  return data.lists.map((list) => {
    if (typeof list?.name !== "string" || !list.name.trim() || !Array.isArray(list.items)) throw new ListProblem("A list has no name or no entries.");
    if (list.items.length > MOST_ITEMS) throw new ListProblem(`A list may have at most ${MOST_ITEMS} entries.`);
    return { name: list.name.trim().slice(0, LONGEST.name), items: list.items.map(checkedItem) };
  });
}

export function checkedItem(item) {
  const { kind, id } = item ?? {};
  if (!Object.hasOwn(IDS, kind) || typeof id !== "string" || id.length > 200 || !IDS[kind].test(id)) {
    throw new ListProblem("An entry is neither a circuit, a feature nor a model.");
  }
  const words = (name) => (typeof item[name] === "string" ? item[name].slice(0, LONGEST[name]) : "");
  return { kind, id, title: words("title") || id, note: words("note") };
}

function attempt(act) {
  try {
    return act();
  } catch (error) {
    throw new ListProblem(error?.name === "QuotaExceededError"
      ? "The browser's storage for this site is full, so this was not saved. Export your lists and delete some."
      : "This browser does not let the site store anything, so lists cannot be kept. Allow storage for this site.");
  }
}

/** The page of an entry, from the site's root. */
export function pageOf({ kind, id }) {
  if (kind === "feature") return `features/index.html?id=${id}`;
  return `${kind}s/${id}/index.html`;
}
