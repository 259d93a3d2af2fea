// Fetches the graph file of an entry of this site.
import { expect } from "../data/problem.js";
import { readViewerFile } from "./viewer_file.js";

export const ENTRY = /^[a-z0-9][a-z0-9-]{0,99}$/;

/** The entry that an address names after `?entry=`; null where it names none. */
export function entryIn(search) {
  return new URLSearchParams(search).get("entry");
}

/** Header and arrays of an entry's graph. `arrived` is called when its bytes are there. */
export async function downloadEntry(entry, arrived = () => {}) {
  expect(ENTRY.test(entry), "address", "?entry= and an entry’s id", entry, "Choose an entry from the list.");
  let answer = null;
  try {
    answer = await fetch(new URL(`../circuits/${entry}/graph.bin`, location.href));
  } catch {
    // told below
  }
  expect(answer?.ok, `graph of ${entry}`, "a graph file of this site", answer ? `none (${answer.status})` : "no answer", "Choose an entry from the list.");
  const bytes = new Uint8Array(await answer.arrayBuffer());
  arrived();
  return readViewerFile(bytes, `graph of ${entry}`);
}
