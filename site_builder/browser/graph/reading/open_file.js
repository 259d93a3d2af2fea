// Opens a file of the reader's own, chosen or dropped. It is read in the page and goes nowhere.
import { make } from "../../elements.js";
import { GraphProblem, expect } from "../data/problem.js";
import { button } from "../pieces.js";
import { readNeuronpedia } from "./neuronpedia_reader.js";
import { isZip, readNpz } from "./npz_reader.js";
import { FORMAT, readOwnJson } from "./own_json.js";
import { isGzip, unpack } from "./unpack.js";
import { isViewerFile, readViewerFile } from "./viewer_file.js";

const LARGEST = 512 << 20; // bytes of a file

/** Header, arrays and repairs of a file, whatever its format. */
export async function readFile(file) {
  const where = file.name;
  expect(file.size <= LARGEST, where, `at most ${LARGEST >> 20} MiB`, `${file.size >> 20} MiB`);
  let bytes = new Uint8Array(await file.arrayBuffer());
  if (isGzip(bytes)) bytes = await unpack(bytes, "gzip", where);
  if (isViewerFile(bytes)) return readViewerFile(bytes, where);
  if (isZip(bytes)) return readNpz(bytes, where);
  const values = parse(bytes, where);
  return values.format === FORMAT ? readOwnJson(values, where) : readNeuronpedia(values, where);
}

function parse(bytes, where) {
  let values = null;
  try {
    values = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new GraphProblem(where, "a graph of Neuronpedia, circuit-tracer or the atlas", "no JSON and no file of the atlas", "It may be cut off: export it again.");
  }
  expect(values !== null && typeof values === "object" && !Array.isArray(values), where, "a graph as a JSON object", Array.isArray(values) ? "a list" : typeof values);
  return values;
}

/** A button that asks for a file; `open` gets it. */
export function fileButton(open) {
  const frame = make("span", "file-button");
  const field = make("input");
  field.type = "file";
  field.hidden = true;
  field.setAttribute("aria-label", "A graph file of your own");
  field.addEventListener("change", () => {
    if (field.files[0]) open(field.files[0]);
    field.value = "";
  });
  frame.append(field, button("Open a file of your own", () => field.click(), "tool", "Neuronpedia or circuit-tracer JSON, or a file of the atlas. It stays on this machine."));
  return frame;
}

/** Opens files that are dropped anywhere on the page. */
export function connectDrop(page, open) {
  const files = (event) => event.dataTransfer?.types.includes("Files");
  page.addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    page.classList.add("file-over");
  });
  page.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) page.classList.remove("file-over");
  });
  page.addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    page.classList.remove("file-over");
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
}
