// Frames of the page that compares: sections, two columns, and tables of measures.
import { make } from "../elements.js";

export function section(title, anchor, ...body) {
  const heading = make("h2", "", title);
  heading.id = anchor;
  const frame = make("div", `section section-${anchor}`);
  frame.append(...body);
  return [heading, frame];
}

/** Two columns, below each other on a phone. @param {(Node|Node[])[]} sides */
export function pair(sides) {
  const frame = make("div", "compare-pair");
  for (const side of sides) {
    const half = make("div", "compare-side");
    half.append(...[side].flat());
    frame.append(half);
  }
  return frame;
}

/** Measures with what they are. @param {string[][]} rows name, value, words */
export function measures(rows) {
  const table = make("table", "compare-measures");
  const head = table.createTHead().insertRow();
  for (const [title, className] of [["Measure", ""], ["Value", "number"], ["How it was found", ""]]) {
    const cell = make("th", className, title);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [name, value, words] of rows) {
    const row = body.insertRow();
    const cell = make("th", "", name);
    cell.scope = "row";
    row.append(cell, make("td", "number", value), make("td", "measure-words", words));
  }
  return table;
}
