// Reads the graph file that the site is built with; site_builder/viewer_file.py says how it is laid out.
import { expect } from "../data/problem.js";
import { jsonObject } from "./json_object.js";
import { isGzip, unpack } from "./unpack.js";

const MAGIC = "ATLASGR1";
const START = 16; // bytes before the header
const TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int16: Int16Array, int32: Int32Array, float32: Float32Array };
const PER_NODE = ["kind", "layer", "position", "index", "value"];
const PER_ROW = ["row_nodes", "lost"];

export function isViewerFile(bytes) {
  return bytes.length >= START && text(bytes.subarray(0, 8)) === MAGIC;
}

/** The header and the arrays of a file, every length and place checked. */
export async function readViewerFile(packed, where = "graph file") {
  const bytes = isGzip(packed) ? await unpack(packed, "gzip", where) : packed;
  expect(isViewerFile(bytes), where, "a graph file of the atlas", `one that starts with ${text(bytes.subarray(0, 8))}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  expect(length % 8 === 0 && START + length <= bytes.length, `${where} header`, `at most ${bytes.length - START} bytes`, length, "The file is cut off: fetch it again.");
  const header = jsonObject(bytes.subarray(START, START + length), `${where} header`);
  expect(header.version === 1, `${where} version`, "1", header.version, "Reload the page: the site is newer than this script.");
  const arrays = readArrays(bytes, START + length, header.arrays, where);
  for (const name of PER_NODE) sameLength(arrays, name, arrays.kind.length, where);
  for (const name of PER_ROW) sameLength(arrays, name, arrays.row_pointers.length - 1, where);
  sameLength(arrays, "weights", arrays.columns.length, where);
  addSteps(arrays);
  return { header, arrays };
}

function readArrays(bytes, start, places, where) {
  expect(places !== null && typeof places === "object", `${where} arrays`, "an object", places);
  const arrays = {};
  for (const name of [...PER_NODE, ...PER_ROW, "row_pointers", "columns", "weights"]) {
    const place = places[name];
    const Type = Object.hasOwn(TYPES, place?.type ?? "") ? TYPES[place.type] : null;
    expect(Type !== null, `${where} ${name}`, `one of ${Object.keys(TYPES).join(", ")}`, place?.type);
    const { offset, length } = place;
    const whole = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0 && offset % 8 === 0;
    const end = start + offset + length * Type.BYTES_PER_ELEMENT;
    expect(whole && end <= bytes.length, `${where} ${name}`, `a place within ${bytes.length} bytes`, place, "The file is cut off: fetch it again.");
    arrays[name] = new Type(bytes.buffer.slice(bytes.byteOffset + start + offset, bytes.byteOffset + end));
  }
  return arrays;
}

// Each row of `columns` holds its first source and the steps to the next ones.
function addSteps({ row_pointers: pointers, columns }) {
  for (let row = 1; row < pointers.length; row++) {
    for (let edge = pointers[row - 1] + 1; edge < Math.min(pointers[row], columns.length); edge++) columns[edge] += columns[edge - 1];
  }
}

function sameLength(arrays, name, length, where) {
  expect(arrays[name].length === length, `${where} ${name}`, `${length} entries`, arrays[name].length);
}

function text(bytes) {
  return new TextDecoder().decode(bytes);
}
