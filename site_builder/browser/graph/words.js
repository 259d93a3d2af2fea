// Numbers and small pieces of a page as readers see them.
import { make } from "../elements.js";

const MINUS = "\u2212";

export function number(value, digits = 3) {
  return String(Number(value.toPrecision(digits))).replace("-", MINUS);
}

export function whole(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function percent(share, decimals = 0) {
  return `${(100 * share).toFixed(decimals).replace("-", MINUS)} %`;
}

export function signedPercent(share) {
  return `${share >= 0 ? "+" : MINUS}${(100 * Math.abs(share)).toFixed(1)} %`;
}

export function counted(count, noun, plural = `${noun}s`) {
  return `${whole(count)} ${count === 1 ? noun : plural}`;
}

export function button(words, act, className = "tool", hint = "") {
  const made = make("button", className, words);
  made.type = "button";
  if (hint) made.title = hint;
  made.addEventListener("click", act);
  return made;
}

/** Text that somebody else wrote, in its own direction. */
export function foreign(words, className = "", name = "span") {
  const made = make(name, className, words);
  made.dir = "auto";
  return made;
}

export function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
