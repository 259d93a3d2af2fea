// Tables as comma-separated text.
const FORMULA = /^[=+\-@\t\r]/; // spreadsheets would compute texts that start so

/** Rows of texts and numbers; a text that a spreadsheet would run is led by an apostrophe. */
export function csvText(rows) {
  return `${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value) {
  const safe = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
