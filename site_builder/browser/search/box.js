// The search box of the header: a combobox over entries, all features and pages. Each answer is
// shown when it arrives; arrows move, Enter follows or shows all, Escape closes.
import { make } from "../elements.js";
import { heldWhilePressed } from "./held.js";
import { finder } from "./highlight.js";
import { counted, resultLink } from "./result.js";
import { Sources, unavailable } from "./sources.js";

const PAUSE = 60; // milliseconds of silence after a key press before files are asked for
const SHOWN = { entries: 5, features: 4, pages: 5 };
const TITLES = { entries: "Entries", features: "All features", pages: "Text of pages" };
const NOUNS = { entries: ["entry", "entries"], features: ["feature"], pages: ["page"] };

export class SearchBox {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("input");
    this.drop = form.querySelector(".search-drop");
    this.sources = new Sources(form);
    this.turn = 0; // an answer to an older question is dropped
    this.active = null; // the link that Enter follows
    this.prepare();
    this.show = heldWhilePressed(this.list, () => this.draw());
    this.connect();
    if (this.input.value.trim()) this.ask();
  }

  prepare() {
    this.drop.id = "site-search-results";
    this.list = make("div", "search-list");
    this.list.id = "site-search-list";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Results");
    this.status = make("p", "search-note");
    this.status.setAttribute("role", "status");
    this.drop.replaceChildren(this.list, this.status);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
      "aria-haspopup": "listbox",
    })) this.input.setAttribute(name, value);
  }

  connect() {
    this.input.addEventListener("input", () => this.ask());
    this.input.addEventListener("focus", () => { if (this.input.value.trim() && this.list.hasChildNodes()) this.open(true); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("pointerdown", (event) => { if (!this.form.contains(event.target)) this.open(false); });
    this.form.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.form.contains(event.relatedTarget)) this.open(false);
    });
  }

  open(yes) {
    this.drop.hidden = !yes;
    this.input.setAttribute("aria-expanded", String(yes));
    if (!yes) this.mark(null);
  }

  ask() {
    const text = this.input.value.trimStart();
    const mine = ++this.turn;
    clearTimeout(this.timer);
    this.answers = {};
    this.mark(null);
    if (!text.trim()) {
      this.list.replaceChildren();
      this.open(false);
      return;
    }
    const started = performance.now();
    const take = (name) => (answer) => {
      if (mine !== this.turn) return;
      this.answers[name] = answer;
      this.show();
      if (answer.items?.length) performance.measure(`search:${name}`, { start: started });
    };
    const ask = (name, asking) => asking.then(take(name), () => take(name)({ failed: true, items: [], total: 0 }));
    ask("entries", this.sources.findTitles(text));
    this.timer = setTimeout(() => {
      ask("features", this.sources.findFeatures(text, { limit: SHOWN.features }));
      ask("pages", this.sources.findPages(text.trim(), SHOWN.pages + SHOWN.entries));
    }, PAUSE);
  }

  draw() {
    const text = this.input.value.trimStart();
    if (!text.trim()) return;
    const active = this.active?.href;
    const { entries } = this.answers;
    const known = new Set(entries?.items.slice(0, SHOWN.entries).map((item) => item.href.split("#")[0]));
    this.list.replaceChildren(...Object.keys(TITLES).flatMap((name) => {
      const answer = this.answers[name];
      if (!answer?.items.length) return [];
      const items = name === "entries" ? answer.items : answer.items.filter((item) => !known.has(item.href));
      return items.length ? [this.group(name, answer, items.slice(0, SHOWN[name]), text)] : [];
    }));
    for (const [at, link] of this.options().entries()) link.id = `site-search-option-${at}`;
    this.mark(this.options().find((link) => link.href === active) ?? null);
    this.say(text);
    this.open(true);
  }

  group(name, { total, complete, corrected }, items, text) {
    const group = make("div", "search-group");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", TITLES[name]);
    const head = make("div", "search-group-head");
    head.setAttribute("aria-hidden", "true");
    head.append(make("span", "", TITLES[name]), make("span", "", counted(total, complete, ...NOUNS[name])));
    const fits = finder(text, corrected);
    group.append(head, ...items.map((item) => {
      const link = resultLink(item, fits);
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", "false");
      link.tabIndex = -1;
      return link;
    }));
    return group;
  }

  say(text) {
    const answers = Object.values(this.answers);
    const corrected = new Set(answers.flatMap((answer) => [...(answer.corrected?.values() ?? [])]));
    const waiting = answers.length < Object.keys(TITLES).length;
    const parts = [];
    if (this.list.hasChildNodes()) {
      if (corrected.size) parts.push(`Nothing has your spelling; shown for ${[...corrected].map((word) => `“${word}”`).join(", ")}.`);
      parts.push("Enter shows all results.");
    } else if (waiting) parts.push("Searching …");
    else parts.push(answers.every((answer) => answer.failed) ? unavailable() : `Nothing found for “${text.trim()}”.`);
    if (answers.some((answer) => answer.failed) && this.list.hasChildNodes()) parts.push("A part of the search could not be loaded.");
    this.status.textContent = parts.join(" ");
  }

  options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  mark(link) {
    this.active?.setAttribute("aria-selected", "false");
    this.active = link;
    if (link) {
      link.setAttribute("aria-selected", "true");
      link.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", link.id);
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  key(event) {
    const options = this.drop.hidden ? [] : this.options();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !this.drop.hidden) {
      this.open(false);
    } else if (step && this.drop.hidden && this.list.hasChildNodes()) {
      this.open(true);
    } else if (step && options.length) {
      const at = options.indexOf(this.active) + step; // one place more: back in the box
      this.mark(options[at] ?? (at < -1 ? options.at(-1) : null));
    } else if (event.key === "Enter" && this.active) {
      this.active.click();
    } else {
      return;
    }
    event.preventDefault();
  }
}
