// Small pieces of the explorer's panes.
import { make } from "../elements.js";

export function button(words, act, className = "tool", hint = "") {
  const made = make("button", className, words);
  made.type = "button";
  if (hint) made.title = hint;
  made.addEventListener("click", act);
  return made;
}

/** A list to choose from; `choices` are [value, words], `act` gets the chosen value as text. */
export function choice(name, choices, act) {
  const made = make("select", "tool-select");
  made.setAttribute("aria-label", name);
  for (const [value, words] of choices) {
    const option = make("option", "", words);
    option.value = value;
    made.append(option);
  }
  made.addEventListener("change", () => act(made.value));
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

/** At most so many letters of a text, the last an ellipsis where some are left out. */
export function shortened(text, longest) {
  const letters = [...text.slice(0, 4 * longest)];
  return letters.length > longest ? `${letters.slice(0, longest - 1).join("")}…` : letters.join("");
}
