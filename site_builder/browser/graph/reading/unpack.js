// Unpacks gzip and raw deflate with the browser's own decoder, up to a limit.
import { GraphProblem, expect } from "../data/problem.js";

const LARGEST = 1 << 30; // bytes after unpacking: more does not fit a page

export function isGzip(bytes) {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The unpacked bytes of a gzip file or a "deflate-raw" stream. */
export async function unpack(bytes, format, where, most = LARGEST) {
  expect(typeof DecompressionStream === "function", where, "a browser that unpacks files", "one without DecompressionStream", "Use a newer browser.");
  const parts = [];
  let length = 0;
  try {
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)).getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      length += step.value.length;
      if (length > most) throw new GraphProblem(where, `at most ${most >> 20} MiB unpacked`, "more");
      parts.push(step.value);
    }
  } catch (problem) {
    if (problem instanceof GraphProblem) throw problem;
    throw new GraphProblem(where, "a whole packed file", "a damaged one", "Fetch or export it again.");
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
