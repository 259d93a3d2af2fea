// Text that must be one JSON object: the header of a graph file.
import { expect } from "../data/problem.js";

export function jsonObject(bytes, where) {
  let value = null;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // told below
  }
  expect(value !== null && typeof value === "object" && !Array.isArray(value), where, "a JSON object", "something else");
  return value;
}
