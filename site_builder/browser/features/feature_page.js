// `features/index.html?id=<model>/<dictionary>/<layer>-<index>`: the dashboard of any feature. A
// feature with a page of its own leads there, unless the address also says `full`.
import { make } from "../elements.js";
import { star } from "../lists/star.js";
import { Dashboards, NoSuchFeature } from "./dashboards.js";
import { dashboard } from "./feature_view.js";
import { automaticLine, automaticWords } from "./labels.js";
import { percent } from "../numbers.js";

const frame = document.querySelector(".feature-view");
let turn = 0; // of what is shown: an answer that comes late is dropped

class FeaturePage {
  constructor(dashboards) {
    this.dashboards = dashboards;
    this.place = null;
    addEventListener("popstate", () => this.show(asked(), false));
    document.addEventListener("keydown", (event) => this.key(event));
    frame.addEventListener("click", (event) => this.follow(event));
  }

  async show({ id, full }, moved) {
    const mine = ++turn;
    try {
      const place = this.dashboards.place(id);
      const known = await this.dashboards.known(place.name);
      const own = known[`${place.layer}-${place.index}`];
      if (own?.page && !full) {
        location.replace(this.dashboards.page(own.page));
        return;
      }
      const feature = await this.dashboards.feature(place);
      if (mine !== turn) return;
      this.place = place;
      this.draw(feature, { dashboards: this.dashboards, place, known }, moved);
    } catch (error) {
      if (mine === turn) this.refuse(error, id);
    }
  }

  draw(feature, about, moved) {
    const { place } = about;
    const short = `${place.layer}-${place.index}`;
    const own = about.known[short];
    const title = make("h1", "", own?.label ?? `Feature ${short}`);
    title.dir = "auto";
    title.tabIndex = -1;
    document.title = `${title.textContent} – LLM Circuits Atlas`;
    const saved = { kind: "feature", id: `${place.name}/${short}`, title: title.textContent };
    const line = !own?.label && feature.labels.length ? [automaticLine(feature.labels[0])] : [];
    frame.replaceChildren(this.trail(place), title, ...line, star(saved, this.dashboards.root), this.facts(feature, place), this.tools(), ...dashboard(feature, about));
    frame.setAttribute("aria-busy", "false");
    this.labelNeighbours(place);
    if (moved) {
      scrollTo(0, 0);
      title.focus({ preventScroll: true });
    }
  }

  /** Automatic labels beside the features that the page links to, once their files are there. */
  async labelNeighbours(place) {
    for (const link of frame.querySelectorAll("a[data-feature]")) {
      const [layer, index] = link.dataset.feature.split("-").map(Number);
      const label = (await this.dashboards.labels(place.name, layer)).get(index);
      if (label) link.append(" ", automaticWords(label));
    }
  }

  trail(place) {
    const trail = make("nav", "breadcrumb");
    trail.setAttribute("aria-label", "Breadcrumb");
    const list = make("a", "", "Features");
    list.href = "index.html";
    const separator = make("span", "sep", "/");
    separator.setAttribute("aria-hidden", "true");
    trail.append(list, separator, `${place.dictionary.model_name}, ${place.name.split("/")[1]}, layer ${place.layer}`);
    return trail;
  }

  facts(feature, place) {
    const list = make("dl", "entry-facts");
    const { share } = feature.density;
    for (const [term, value] of [
      ["Feature", `${place.name}/${place.layer}-${place.index}`],
      ["Active on", feature.density.active ? `${percent(share, 2)} of tokens` : "no token"],
      ["Largest activation", feature.maximum ? feature.maximum.toFixed(2) : "–"],
    ]) {
      const pair = make("div");
      pair.append(make("dt", "", term), make("dd", term === "Feature" ? "mono" : "", value));
      list.append(pair);
    }
    return list;
  }

  /** Ways to other features: the one before, the one after, any one, and a box for an id. */
  tools() {
    const bar = make("div", "feature-tools");
    const buttons = make("div", "feature-steps");
    for (const [steps, words, key] of [[-1, "Previous", "←"], [1, "Next", "→"]]) {
      const id = this.place && this.dashboards.step(this.place, steps);
      buttons.append(id ? this.link(id, `${words} `, key) : make("span", "button button-off", words));
    }
    const any = make("button", "button", "Random ");
    any.type = "button";
    any.append(keyMark("R"));
    any.addEventListener("click", () => this.any());
    buttons.append(any);
    bar.append(buttons, jumpForm(this.place ? this.dashboards.id(this.place.name, this.place.layer, this.place.index) : this.dashboards.exampleId()));
    return bar;
  }

  link(id, words, key) {
    const link = make("a", "button", words);
    link.href = `?id=${id}&full`;
    link.append(keyMark(key));
    return link;
  }

  async any() {
    const names = Object.keys(this.dashboards.dictionaries);
    const name = this.place?.name ?? names[Math.floor(Math.random() * names.length)];
    try {
      this.go(`?id=${await this.dashboards.random(name)}&full`);
    } catch (error) {
      this.refuse(error, name);
    }
  }

  go(address) {
    history.pushState(null, "", address);
    this.show(asked(), true);
  }

  follow(event) {
    const link = event.target.closest("a");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const target = link?.getAttribute("href");
    if (!plain || !target?.startsWith("?id=")) return;
    event.preventDefault();
    this.go(target);
  }

  key(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !this.place) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (steps) {
      const id = this.dashboards.step(this.place, steps);
      if (id) this.go(`?id=${id}&full`);
    } else if (event.key.toLowerCase() === "r") {
      this.any();
    }
  }

  refuse(error, id) {
    const title = make("h1", "", error instanceof NoSuchFeature ? "No such feature" : "The dashboard could not be read");
    const words = make("p", "lead");
    const asking = make("code", "", id);
    asking.dir = "auto";
    words.append(error instanceof NoSuchFeature ? error.message : "Its file did not arrive or is damaged. Try again, or look at another feature.");
    const said = make("p", "section-note", "Asked for: ");
    said.append(asking);
    frame.replaceChildren(title, words, said, this.tools());
    frame.setAttribute("aria-busy", "false");
    document.title = `${title.textContent} – LLM Circuits Atlas`;
  }
}

function keyMark(key) {
  const mark = make("kbd", "", key);
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

function jumpForm(id) {
  const form = make("form", "feature-jump");
  form.method = "get";
  const label = make("label", "", "Go to ");
  const box = make("input");
  box.name = "id";
  box.value = id;
  box.spellcheck = false;
  box.autocomplete = "off";
  label.append(box);
  const button = make("button", "button", "Open");
  form.append(label, button);
  return form;
}

function asked() {
  const { searchParams } = new URL(location.href);
  return { id: searchParams.get("id") ?? "", full: searchParams.has("full") };
}

if (frame && new URL(location.href).searchParams.has("id")) {
  frame.hidden = false;
  Dashboards.open(new URL(frame.dataset.dashboards, location.href))
    .then((dashboards) => new FeaturePage(dashboards).show(asked(), false))
    .catch(() => {
      const words = location.protocol === "file:"
        ? "Dashboards of all features need a server: run `atlas site serve`."
        : "This site was built without dashboards of all features. Features with a page of their own are in the list.";
      const back = make("a", "", "All features with a page");
      back.href = "index.html";
      frame.replaceChildren(make("h1", "", "No dashboards"), make("p", "lead", words), back);
      frame.setAttribute("aria-busy", "false");
    });
}
