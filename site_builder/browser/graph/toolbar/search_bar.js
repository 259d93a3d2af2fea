// The field that searches inside the graph, with the number found and steps to the next.
import { make } from "../../elements.js";
import { button } from "../pieces.js";
import { findNodes } from "./search.js";

export class SearchBar {
  constructor(explorer) {
    this.explorer = explorer;
    this.root = make("form", "tool-group graph-search");
    this.root.setAttribute("role", "search");
    this.root.setAttribute("aria-label", "In this graph");
    this.field = make("input", "tool-text");
    Object.assign(this.field, { type: "search", placeholder: "Find: label, token:…, layer:3, kind:error", autocomplete: "off", spellcheck: false });
    this.field.setAttribute("aria-label", "Find nodes in this graph");
    this.told = make("span", "search-told");
    this.told.setAttribute("role", "status");
    this.back = button("‹", () => this.step(-1), "tool", "The one before");
    this.next = button("›", () => this.step(1), "tool", "The next one (Enter)");
    this.back.setAttribute("aria-label", "The found node before");
    this.next.setAttribute("aria-label", "The next found node");
    this.root.append(this.field, this.back, this.next, this.told);
    this.field.addEventListener("input", () => explorer.store.change({ search: this.field.value }, "move"));
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      explorer.store.change({ search: "" }, "move");
      explorer.links.keys.focus();
    });
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.step(1);
    });
  }

  /** The shown nodes that the state's query means. */
  find() {
    const { explorer } = this;
    const { search } = explorer.store.state;
    if (this.field.value !== search) this.field.value = search;
    const found = findNodes(explorer.graph, search, (node) => explorer.meaning(node), explorer.influence);
    const shown = found.filter((node) => explorer.shown?.shown[node]);
    const hidden = found.length - shown.length;
    this.told.textContent = search.trim() ? `${shown.length} found${hidden ? `, ${hidden} more not shown` : ""}` : "";
    this.back.disabled = this.next.disabled = !shown.length;
    return shown;
  }

  step(direction) {
    const { found, store } = this.explorer;
    if (!found.length) return;
    const at = found.indexOf(store.state.selected);
    const next = at < 0 ? (direction > 0 ? 0 : found.length - 1) : (at + direction + found.length) % found.length;
    this.explorer.select(found[next], true);
  }
}
