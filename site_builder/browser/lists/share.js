// A list as an address: JSON, packed, in letters that addresses may have, after the `#`, so that no
// server sees it.
import { ListProblem, VERSION, checkedLists } from "./store.js";

const LONGEST_PACKED = 60_000; // characters; browsers take addresses of this length
const LONGEST_TEXT = 2_000_000; // characters after unpacking

/** @param {import("./store.js").List} list */
export async function shareText(list) {
  const short = { version: VERSION, lists: [{ ...list, items: list.items.map(({ note, ...item }) => (note ? { ...item, note } : item)) }] };
  const packed = await through(new TextEncoder().encode(JSON.stringify(short)), new CompressionStream("deflate-raw"));
  const text = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(""));
  const letters = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  if (letters.length > LONGEST_PACKED) throw new ListProblem("This list is too long for an address. Export it as a file instead.");
  return letters;
}

/** The list that an address holds; throws ListProblem for anything else. */
export async function sharedList(letters) {
  try {
    if (letters.length > LONGEST_PACKED) throw new Error("too long");
    const bytes = Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const text = new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"), LONGEST_TEXT));
    const [list] = checkedLists(JSON.parse(text));
    if (list) return list;
  } catch {
    // said below
  }
  throw new ListProblem("The address holds no list: it may have been cut when it was copied.");
}

async function through(bytes, stream, most = Infinity) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) throw new Error("too long");
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
