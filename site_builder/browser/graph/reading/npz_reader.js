// Reads a graph.npz of the atlas in the browser: a zip of arrays, as atlas/graphs/graph_file.py writes it.
import { expect } from "../data/problem.js";
import { jsonObject } from "./json_object.js";
import { unpack } from "./unpack.js";

const END = 0x06054b50; // the signatures of a zip's parts
const ENTRY = 0x02014b50;
const LARGEST_NAME = 100;
const TYPES = { "|i1": Int8Array, "|u1": Uint8Array, "<i2": Int16Array, "<u2": Uint16Array, "<i4": Int32Array, "<u4": Uint32Array, "<f4": Float32Array, "<i8": BigInt64Array };
const NEEDED = ["nodes_kind", "nodes_layer", "nodes_position", "nodes_index", "nodes_value", "row_pointers", "columns", "weights", "row_nodes", "dropped_absolute", "header"];

export function isZip(bytes) {
  return bytes.length > 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

export async function readNpz(bytes, where) {
  const files = zipEntries(bytes, where);
  const found = {};
  for (const name of NEEDED) {
    expect(files.has(`${name}.npy`), where, "a graph.npz of the atlas", `a zip without ${name}`);
    found[name] = npyArray(await content(bytes, files.get(`${name}.npy`), `${where} ${name}`), `${where} ${name}`);
  }
  const header = jsonObject(found.header, `${where} header`);
  return {
    header: { ...header, title: header.title ?? "graph.npz" },
    repairs: [],
    arrays: {
      kind: Uint8Array.from(found.nodes_kind),
      layer: found.nodes_layer,
      position: found.nodes_position,
      index: found.nodes_index,
      value: found.nodes_value,
      row_nodes: Uint32Array.from(found.row_nodes),
      row_pointers: Uint32Array.from(found.row_pointers),
      columns: Uint32Array.from(found.columns),
      weights: found.weights,
      lost: found.dropped_absolute,
    },
  };
}

// The files of a zip by name, from its directory at the end.
function zipEntries(bytes, where) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  expect(end >= 0, where, "a whole zip file", "one that is cut off");
  const files = new Map();
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    expect(at + 46 <= bytes.length && view.getUint32(at, true) === ENTRY, where, "a sound zip file", "a damaged directory");
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + Math.min(nameLength, LARGEST_NAME)));
    files.set(name, { method: view.getUint16(at + 10, true), packed: view.getUint32(at + 20, true), size: view.getUint32(at + 24, true), start: view.getUint32(at + 42, true) });
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

async function content(bytes, { method, packed, size, start }, where) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(start + 30 <= bytes.length, where, "a place within the file", start);
  const first = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
  expect(first + packed <= bytes.length, where, "a place within the file", first + packed);
  const part = bytes.subarray(first, first + packed);
  expect(method === 0 || method === 8, where, "a stored or deflated file", `method ${method}`);
  return method === 0 ? part : unpack(part, "deflate-raw", where, Math.max(size, 1));
}

// One array of numpy's format: a dictionary in Python's words, then the numbers.
function npyArray(bytes, where) {
  expect(bytes.length >= 12 && bytes[0] === 0x93, where, "an array of numpy", "something else");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] > 1;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + length;
  const words = new TextDecoder().decode(bytes.subarray(wide ? 12 : 10, start));
  const type = /'descr': '([^']+)'/.exec(words)?.[1];
  const count = Number(/'shape': \((\d+),\)/.exec(words)?.[1]);
  const Type = Object.hasOwn(TYPES, type ?? "") ? TYPES[type] : null;
  expect(Type !== null && Number.isInteger(count), where, "one column of numbers", words);
  expect(start + count * Type.BYTES_PER_ELEMENT <= bytes.length, where, `${count} numbers`, "fewer");
  const numbers = new Type(bytes.slice(start, start + count * Type.BYTES_PER_ELEMENT).buffer);
  return Type === BigInt64Array ? Float64Array.from(numbers, Number) : numbers;
}
