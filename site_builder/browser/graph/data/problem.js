// A file or an address that cannot be shown. The message is one line for the reader: where,
// what was expected, what was found, what to do.
export class GraphProblem extends Error {
  constructor(where, expected, found, action) {
    super(`${where}: expected ${expected}; found ${found}.${action ? ` ${action}` : ""}`);
    this.name = "GraphProblem";
  }
}

export function expect(holds, where, expected, found, action) {
  if (!holds) throw new GraphProblem(where, expected, shown(found), action);
}

function shown(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
