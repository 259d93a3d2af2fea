// Numbers as readers see them, on every page alike; site_builder/numbers.py writes them the same.
const NARROW_SPACE = "\u202f";
const MINUS = "\u2212";

export function whole(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

/** Three digits that say something, or as many as wanted. */
export function number(value, digits = 3) {
  return String(Number(value.toPrecision(digits))).replace("-", MINUS);
}

/** A change, with its sign. */
export function signed(value) {
  return `${value > 0 ? "+" : ""}${number(value)}`;
}

export function fixed(value, places = 2) {
  const written = value.toFixed(places);
  return Number(written) === 0 ? written.replace("-", "") : written.replace("-", MINUS);
}

export function percent(share, places = 0) {
  return `${fixed(100 * share, places)} %`;
}

export function signedPercent(share) {
  return `${share >= 0 ? "+" : MINUS}${(100 * Math.abs(share)).toFixed(1)} %`;
}

export function counted(many, noun, plural = `${noun}s`) {
  return `${whole(many)} ${many === 1 ? noun : plural}`;
}
