// A line in which a reader changes a text: Enter keeps it, Escape leaves it as it was.
import { make } from "../../elements.js";
import { button } from "../pieces.js";

const LONGEST = 200; // characters

export function editLine(name, value, keep, leave) {
  const form = make("form", "edit-line");
  const field = make("input", "tool-text");
  Object.assign(field, { type: "text", value, maxLength: LONGEST });
  field.setAttribute("aria-label", name);
  const save = button("Save", () => {}, "tool");
  save.type = "submit";
  form.append(field, save, button("Cancel", leave, "tool quiet-tool"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(field.value.trim());
  });
  form.addEventListener("keydown", (event) => {
    event.stopPropagation(); // letters typed here are no commands
    if (event.key === "Escape") leave();
  });
  queueMicrotask(() => field.select());
  return form;
}
