// Turns the lists of values into filters over catalog.json. The address keeps the choice, so a
// filtered list can be linked. Without scripts the same links lead to a page for each value.
import { make } from "./elements.js";

const SHOWN = 200; // rows of a page; more would be slow to lay out
const ICONS = {}; // verdict → the icon that the page already shows

const body = document.querySelector("[data-catalog]");
const aside = document.querySelector(".facets");

class Catalog {
  constructor(data, kind, base) {
    this.entries = data[kind];
    this.names = data.names;
    this.kind = kind;
    this.base = base;
    this.chosen = new Map(); // facet → set of values
    this.words = "";
    this.page = 1;
    this.items = [...aside.querySelectorAll("a[data-facet]")].map((link) => ({
      facet: link.dataset.facet, value: link.dataset.value, link,
      count: link.parentElement.querySelector(".facet-count"),
    }));
    this.total = document.querySelector(".list-count");
    this.readAddress();
    this.connect();
    if (this.chosen.size || this.words || this.page > 1) this.refresh(this.page);
  }

  readAddress() {
    for (const [key, value] of new URL(location.href).searchParams) {
      if (key === "find") this.words = value;
      else if (key === "page") this.page = Math.max(1, Number.parseInt(value, 10) || 1);
      else if (this.items.some((item) => item.facet === key && item.value === value)) this.toggle(key, value);
    }
  }

  toggle(facet, value) {
    const values = this.chosen.get(facet) ?? new Set();
    if (values.has(value)) values.delete(value);
    else values.add(value);
    if (values.size) this.chosen.set(facet, values);
    else this.chosen.delete(facet);
  }

  connect() {
    for (const item of this.items) {
      const label = make("label");
      item.box = make("input");
      item.box.type = "checkbox";
      item.box.checked = this.chosen.get(item.facet)?.has(item.value) ?? false;
      item.box.addEventListener("change", () => {
        this.toggle(item.facet, item.value);
        this.refresh(1);
      });
      const icon = item.link.querySelector("svg");
      if (icon) ICONS[item.value] = icon;
      label.append(item.box, ...item.link.childNodes);
      item.link.replaceWith(label);
    }
    const bar = make("div", "filter-bar");
    this.box = make("input", "filter-text");
    this.box.type = "search";
    this.box.placeholder = "Filter by words";
    this.box.setAttribute("aria-label", "Filter by words");
    this.box.value = this.words;
    this.box.addEventListener("input", () => {
      this.words = this.box.value;
      this.refresh(1);
    });
    this.clear = make("button", "filter-clear", "Clear all");
    this.clear.type = "button";
    this.clear.hidden = true;
    this.clear.addEventListener("click", () => {
      this.chosen.clear();
      this.words = this.box.value = "";
      for (const item of this.items) item.box.checked = false;
      this.refresh(1);
    });
    bar.append(this.box, this.clear);
    body.before(bar);
  }

  fits(entry, except) {
    for (const [facet, values] of this.chosen) {
      if (facet !== except && !values.has(entry[facet])) return false;
    }
    const haystack = `${entry.title} ${entry.summary ?? ""} ${entry.id}`.toLowerCase();
    return this.words.toLowerCase().split(/\s+/).every((word) => haystack.includes(word));
  }

  refresh(page) {
    const fitting = this.entries.filter((entry) => this.fits(entry));
    const pages = Math.max(1, Math.ceil(fitting.length / SHOWN));
    this.page = Math.min(page, pages);
    for (const item of this.items) {
      const many = this.entries.filter((entry) => this.fits(entry, item.facet) && entry[item.facet] === item.value).length;
      item.count.textContent = many;
      item.count.parentElement.classList.toggle("none", many === 0);
    }
    const noun = fitting.length === 1 ? this.kind.slice(0, -1) : this.kind;
    this.total.textContent = `${fitting.length} of ${this.entries.length} ${noun}`;
    this.clear.hidden = !this.chosen.size && !this.words;
    document.querySelector(".pager")?.remove();
    const first = (this.page - 1) * SHOWN;
    body.replaceChildren(fitting.length ? this.table(fitting.slice(first, first + SHOWN)) : make("p", "empty", "Nothing fits all of these."));
    if (pages > 1) body.after(this.pager(pages));
    this.writeAddress();
  }

  /** Links to the pages of what fits; they keep the choice. */
  pager(pages) {
    const bar = make("nav", "pager");
    bar.setAttribute("aria-label", "Pages");
    for (let page = 1; page <= pages; page++) {
      const link = make("a", "", page);
      link.href = this.address(page).href;
      if (page === this.page) link.setAttribute("aria-current", "page");
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.refresh(page);
        this.total.scrollIntoView({ block: "center" });
        document.querySelector(".pager a[aria-current]")?.focus({ preventScroll: true });
      });
      bar.append(link);
    }
    return bar;
  }

  writeAddress() {
    history.replaceState(null, "", this.address(this.page));
  }

  address(page) {
    const here = new URL(location.href);
    here.search = "";
    for (const [facet, values] of this.chosen) {
      for (const value of values) here.searchParams.append(facet, value);
    }
    if (this.words) here.searchParams.set("find", this.words);
    if (page > 1) here.searchParams.set("page", page);
    return here;
  }

  table(entries) {
    const table = make("table", "entries");
    const head = table.createTHead().insertRow();
    const titles = this.kind === "circuits"
      ? ["Circuit", "Verdict", "Domain", "Model"]
      : ["Feature", "Verdict", "F1", "Circuits", "Model and dictionary"];
    for (const title of titles) {
      const cell = make("th", title === "F1" || title === "Circuits" ? "number" : "", title);
      cell.scope = "col";
      head.append(cell);
    }
    const rows = table.createTBody();
    for (const entry of entries) rows.append(this.kind === "circuits" ? this.circuit(entry) : this.feature(entry));
    return table;
  }

  circuit(entry) {
    const row = make("tr");
    const head = this.heading(entry);
    const summary = make("div", "row-summary", entry.summary);
    summary.dir = "auto";
    head.append(summary);
    row.append(head, this.verdict(entry), this.cell(this.name("domain", entry)), this.cell(this.name("model", entry)));
    return row;
  }

  feature(entry) {
    const row = make("tr");
    const head = this.heading(entry);
    head.prepend(make("span", "mono row-id", entry.id));
    const model = this.cell(`${this.name("model", entry)} ${entry.dictionary}`);
    row.append(head, this.verdict(entry), this.number("F1", entry.f1), this.number("Circuits", entry.circuits), model);
    return row;
  }

  heading(entry) {
    const head = make("th");
    head.scope = "row";
    const link = make("a", "", entry.title);
    link.href = new URL(entry.page, this.base).href;
    link.dir = "auto";
    head.append(link);
    return head;
  }

  name(facet, entry) {
    return this.names[facet]?.[entry[facet]] ?? entry[facet];
  }

  cell(text, className) {
    const cell = make("td", className, text);
    cell.dir = "auto";
    return cell;
  }

  /** A number with its column's title, which narrow screens show beside it. */
  number(column, text) {
    const cell = this.cell(text, "number");
    cell.dataset.column = column;
    return cell;
  }

  verdict(entry) {
    const cell = make("td");
    const badge = make("span", `badge badge-${entry.verdict.replaceAll("_", "-")}`);
    const icon = ICONS[entry.verdict]?.cloneNode(true);
    badge.append(...(icon ? [icon] : []), entry.verdict.replaceAll("_", " "));
    cell.append(badge);
    return cell;
  }
}

// On narrow screens the filters would push the list off the screen.
if (aside && matchMedia("(max-width: 62rem)").matches) aside.open = false;

if (body && aside) {
  const address = new URL(body.dataset.catalog, location.href);
  fetch(address)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((data) => new Catalog(data, body.dataset.kind, address))
    .catch(() => {}); // the links of the server's page stay
}
