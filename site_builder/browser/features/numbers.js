// Numbers as the pages that Python writes show them.
const NARROW_SPACE = "\u202f";

export function whole(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

export function fixed(value, places = 2) {
  const written = value.toFixed(places);
  return Number(written) === 0 ? written.replace("-", "") : written.replace("-", "−");
}

export function percent(share, places = 0) {
  return `${fixed(100 * share, places)} %`;
}

export function counted(many, noun) {
  return `${whole(many)} ${noun}${many === 1 ? "" : "s"}`;
}
