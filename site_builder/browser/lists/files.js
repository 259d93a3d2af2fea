// Lists as files: JSON and CSV out and in, BibTeX out.
import { csvText } from "../csv.js";
import { ListProblem, VERSION, checkedItem, checkedLists } from "./store.js";

const COLUMNS = ["list", "kind", "id", "title", "note"];
const LARGEST_FILE = 5_000_000; // bytes

export function asJson(lists) {
  return `${JSON.stringify({ version: VERSION, lists }, null, 2)}\n`;
}

export function asCsv(lists) {
  const rows = lists.flatMap((list) => list.items.map((item) => [list.name, item.kind, item.id, item.title, item.note]));
  return csvText([COLUMNS, ...rows]);
}

/** Lists from a file of one of the two formats; throws ListProblem. */
export async function readFile(file) {
  if (file.size > LARGEST_FILE) throw new ListProblem("The file is too large to be one of lists.");
  const text = await file.text();
  if (!text.trimStart().startsWith("{")) return fromCsv(text);
  try {
    return checkedLists(JSON.parse(text));
  } catch (error) {
    throw error instanceof ListProblem ? error : new ListProblem("The file is no JSON.");
  }
}

function fromCsv(text) {
  const [head, ...rows] = csvRows(text.replace(/^\ufeff/, ""));
  if (head?.join() !== COLUMNS.join()) throw new ListProblem(`The first line of a CSV file of lists is: ${COLUMNS.join(",")}`);
  const lists = new Map();
  for (const row of rows) {
    const [name, kind, id, title, note] = row.map((each) => (/^'[=+\-@\t\r]/.test(each) ? each.slice(1) : each));
    if (!lists.has(name)) lists.set(name, []);
    lists.get(name).push(checkedItem({ kind, id, title, note }));
  }
  return checkedLists({ version: VERSION, lists: [...lists].map(([name, items]) => ({ name, items })) });
}

function csvRows(text) {
  const rows = [];
  let row = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    if (row.some(Boolean)) rows.push(row);
    row = [];
  }
  return rows;
}

/** The citations of a list's entries, from the files beside their pages, and how many have none. */
export async function asBibtex(list, root) {
  const known = await fetch(new URL("find.json", root)).then((answer) => answer.json()).catch(() => ({ circuits: [], features: [] }));
  const own = { circuit: new Set(known.circuits.map(([id]) => id)), feature: new Set(known.features.map(([id]) => id)) };
  const records = await Promise.all(list.items.map(async (item) => {
    if (!own[item.kind]?.has(item.id)) return null;
    const answer = await fetch(new URL(`${item.kind}s/${item.id}/citation.bib`, root)).catch(() => null);
    return answer?.ok ? (await answer.text()).trim() : null;
  }));
  const found = records.filter(Boolean);
  return { text: found.length ? `${found.join("\n\n")}\n` : "", missing: records.length - found.length };
}
