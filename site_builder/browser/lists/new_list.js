// The form that asks for the name of a new list.
import { make } from "../elements.js";

/** @param {(name: string) => void} act called with the name, unless it is empty */
export function newListForm(words, act) {
  const form = make("form", "star-new");
  const name = make("input");
  name.type = "text";
  name.maxLength = 80;
  name.placeholder = "New list";
  name.setAttribute("aria-label", "Name of a new list");
  form.append(name, make("button", "button", words));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (wanted) act(wanted);
  });
  return form;
}
