// The search page: all results of one query by kind, with exact counts, and facets of features. The
// address keeps the words and what is chosen: `search.html?q=…&kind=features&layer=4`.
import { make } from "../elements.js";
import { heldWhilePressed } from "./held.js";
import { finder } from "./highlight.js";
import { counted, resultLink } from "./result.js";
import { Sources, unavailable } from "./sources.js";

const PAUSE = 120; // milliseconds of silence after a key press
const STEP = 10; // features at a time: each may need a file of its own
const PAGES = 20;
const ENTRIES = 20;
const FACETS = ["model", "dictionary", "layer"];
const KINDS = { "": "Everything", Circuit: "Circuits", Feature: "Features with a page", Model: "Models", Resource: "Resources", features: "All features", pages: "Text of pages" };

const NOTHING = { total: 0, complete: true, items: [], groups: [], corrected: new Map() };

const form = document.querySelector(".search-page-form");
const box = form.querySelector("input");
const list = document.querySelector(".search-results");
const status = document.querySelector(".search-status");
const bar = document.querySelector(".search-facets");

class ResultsPage {
  constructor() {
    this.sources = new Sources(document.querySelector(".site-search"));
    this.turn = 0;
    this.show = heldWhilePressed(list, () => this.draw());
    const asked = new URL(location.href).searchParams;
    box.value = asked.get("q") ?? "";
    this.kind = asked.get("kind") in KINDS ? asked.get("kind") : "";
    this.filter = Object.fromEntries(FACETS.map((name) => [name, asked.get(name) ?? ""]));
    box.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), PAUSE);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    if (box.value.trim()) this.ask();
    else {
      this.hint();
      box.focus({ preventScroll: true });
    }
  }

  hint() {
    bar.replaceChildren();
    list.replaceChildren();
    status.textContent = "Words find circuits, features, models, resources and guides; 4-81 finds a feature by layer and index.";
  }

  async ask() {
    const text = box.value.trimStart();
    const mine = ++this.turn;
    this.writeAddress(text.trim());
    if (!text.trim()) {
      this.hint();
      return;
    }
    this.shown = { entries: ENTRIES, pages: PAGES };
    this.text = text;
    this.failed = false;
    this.waiting = 3;
    this.answers = { entries: NOTHING, features: NOTHING, pages: NOTHING };
    status.textContent = "Searching …";
    const take = (name) => (answer) => {
      if (mine !== this.turn) return;
      this.waiting -= 1;
      this.failed ||= !answer;
      this.answers[name] = answer ?? NOTHING;
      const { entries, features } = this.answers;
      this.fits = finder(text, new Map([...entries.corrected, ...features.corrected]));
      this.show();
    };
    const asking = {
      entries: this.sources.findTitles(text),
      features: this.sources.findFeatures(text, { limit: STEP, filter: this.filter }),
      pages: this.sources.findPages(text.trim(), PAGES),
    };
    await Promise.all(Object.entries(asking).map(([name, each]) => each.then(take(name), () => take(name)(null))));
  }

  writeAddress(text) {
    const here = new URL(location.href);
    here.search = "";
    const chosen = { q: text, kind: this.kind, ...(this.kind === "features" ? this.filter : {}) };
    for (const [name, value] of Object.entries(chosen)) if (value) here.searchParams.set(name, value);
    history.replaceState(null, "", here);
  }

  draw() {
    const { entries, features, pages } = this.answers;
    const counts = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, entries.items.filter((item) => item.kind === kind).length]));
    counts.features = features.total;
    counts.pages = pages.total;
    counts[""] = entries.total + features.total + pages.total;
    bar.replaceChildren(this.kinds(counts, features.complete));
    const wanted = (kind) => !this.kind || this.kind === kind;
    const parts = [];
    const fitting = entries.items.filter((item) => wanted(item.kind));
    if (fitting.length) parts.push(this.section("Entries", fitting.slice(0, this.shown.entries), fitting.length > this.shown.entries, () => { this.shown.entries += ENTRIES; this.draw(); }));
    if (wanted("features") && (features.items.length || this.kind === "features")) parts.push(this.features(features));
    if (wanted("pages") && pages.items.length) {
      parts.push(this.section("Text of pages", pages.items, pages.total > pages.items.length, () => this.morePages()));
    }
    list.replaceChildren(...parts);
    this.say(counts, features.complete);
  }

  say(counts, complete) {
    const { entries, features } = this.answers;
    const corrected = [...entries.corrected, ...features.corrected];
    const words = [counted(counts[this.kind], complete || !["", "features"].includes(this.kind), "result")];
    if (corrected.length) words.push(`“${corrected[0][0]}” is nowhere; shown for “${corrected[0][1]}”`);
    if (this.failed) words.push(unavailable().slice(0, -1));
    if (this.waiting) words.push("searching …");
    else if (!counts[this.kind]) words.push("try fewer or other words");
    status.textContent = words.join("; ") + (this.waiting ? "" : ".");
  }

  kinds(counts, complete) {
    const frame = make("div", "search-kinds");
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", "Kinds of results");
    for (const [kind, title] of Object.entries(KINDS)) {
      const button = make("button", "search-choice", `${title} `);
      button.type = "button";
      button.append(make("span", "facet-count", complete || !["", "features"].includes(kind) ? String(counts[kind]) : `${counts[kind]}+`));
      button.setAttribute("aria-pressed", String(this.kind === kind));
      button.addEventListener("click", () => {
        this.kind = kind;
        this.filter = Object.fromEntries(FACETS.map((name) => [name, ""]));
        this.ask().then(() => bar.querySelector("[aria-pressed=true]")?.focus());
      });
      frame.append(button);
    }
    return frame;
  }

  section(title, items, more, onMore) {
    const section = make("section", "search-section");
    section.append(make("h2", "", title), ...items.map((item) => resultLink(item, this.fits)));
    if (more) section.append(this.button("Show more", onMore));
    return section;
  }

  button(words, act) {
    const button = make("button", "button", words);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  features({ items, total, groups }) {
    const section = this.section("All features", items, total > items.length, () => this.moreFeatures());
    if (groups.length || Object.values(this.filter).some(Boolean)) section.querySelector("h2").after(this.facets(groups));
    return section;
  }

  /** A choice for each facet, with the number of features that fit the words. */
  facets(groups) {
    const frame = make("div", "search-filters");
    for (const name of FACETS) {
      const counts = new Map();
      for (const group of groups) counts.set(String(group[name]), (counts.get(String(group[name])) ?? 0) + group.count);
      if (this.filter[name] && !counts.size) counts.set(this.filter[name], 0);
      const label = make("label", "", `${name} `);
      const choice = make("select");
      choice.append(new Option("any", ""));
      for (const [value, count] of counts) choice.append(new Option(`${value} (${count})`, value));
      choice.value = this.filter[name];
      choice.addEventListener("change", () => {
        this.filter[name] = choice.value;
        this.kind = "features";
        this.ask();
      });
      label.append(choice);
      frame.append(label);
    }
    return frame;
  }

  async moreFeatures() {
    const { features } = this.answers;
    const start = features.items.length;
    const next = await this.sources.findFeatures(this.text, { limit: STEP, start, filter: this.filter });
    this.answers.features = { ...features, items: [...features.items, ...next.items] };
    this.draw();
    list.querySelectorAll(".search-section:has(.search-filters) .search-result")[start]?.focus();
  }

  async morePages() {
    const shown = this.answers.pages.items.length;
    this.answers.pages = await this.sources.findPages(this.text.trim(), shown + PAGES);
    this.draw();
    list.querySelectorAll(".search-section:last-child .search-result")[shown]?.focus();
  }
}

new ResultsPage();
