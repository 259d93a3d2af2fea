// `compare/index.html?left=…&right=…`: two features or two circuits side by side. The address holds
// what is shown; back and forward work.
import { make } from "../elements.js";
import { Dashboards, NoSuchFeature } from "../features/dashboards.js";
import { circuitPair } from "./circuit_pair.js";
import { featurePair } from "./feature_pair.js";

const CIRCUIT = /^[a-z0-9][a-z0-9-]*$/;
const view = document.querySelector(".compare-view");
const form = document.querySelector(".compare-form");
let turn = 0; // of what is shown: an answer that comes late is dropped
let opened = null; // promise of the dashboards
let suggested = false;

const root = new URL(view.dataset.root, location.href);
const page = (path) => new URL(path, root).href;

async function show() {
  const mine = ++turn;
  const ids = asked();
  form.left.value = ids[0];
  form.right.value = ids[1];
  if (!ids[0] || !ids[1]) {
    view.replaceChildren(make("p", "section-note", ids[0] || ids[1] ? "Name the other one as well." : "Name two of them, or follow a link “compare” of a feature or a circuit."));
    return;
  }
  view.setAttribute("aria-busy", "true");
  try {
    const found = await compared(ids);
    if (mine !== turn) return;
    view.replaceChildren(...found);
    document.title = `${ids.join(" and ")} – LLM Circuits Atlas`;
  } catch (error) {
    if (mine === turn) refuse(error);
  }
  view.setAttribute("aria-busy", "false");
}

async function compared(ids) {
  const features = ids.map((id) => id.includes("/"));
  if (features[0] !== features[1]) throw new NoSuchFeature("One is a feature and the other a circuit. Name two of a kind.");
  if (!features[0]) return circuitPair(await Promise.all(ids.map(circuit)), page);
  if (!view.dataset.dashboards) throw new NoSuchFeature("This site was built without dashboards of all features.");
  opened ??= Dashboards.open(new URL(view.dataset.dashboards, location.href));
  opened.catch(() => { opened = null; });
  const dashboards = await opened;
  return featurePair(dashboards, ids.map((id) => dashboards.place(id)));
}

async function circuit(id) {
  if (!CIRCUIT.test(id)) throw new NoSuchFeature(`A circuit’s id has small letters, digits and hyphens, unlike “${id.slice(0, 80)}”.`);
  const answer = await fetch(page(`circuits/${id}/compare.json`));
  if (answer.status === 404) throw new NoSuchFeature(`There is no circuit “${id.slice(0, 80)}”.`);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function refuse(error) {
  const known = error instanceof NoSuchFeature;
  const title = make("h2", "", known ? "These cannot be compared" : "What they are could not be read");
  const words = make("p", "section-note", known ? error.message : "A file did not arrive or is damaged. Try again, or compare others.");
  words.dir = "auto";
  view.replaceChildren(title, words);
}

function asked() {
  const { searchParams } = new URL(location.href);
  return ["left", "right"].map((name) => (searchParams.get(name) ?? "").trim());
}

function go(left, right) {
  const address = new URLSearchParams({ left, right }).toString().replaceAll("%2F", "/");
  history.pushState(null, "", `?${address}`);
  show();
}

/** Ids to choose from, once a box is used: circuits, features with a page, and the form of others. */
async function suggest() {
  if (suggested) return;
  suggested = true;
  const list = document.getElementById("compare-ids");
  const option = (value, label) => {
    const made = make("option");
    made.value = value;
    made.label = label;
    list.append(made);
  };
  try {
    const answer = await fetch(new URL(view.dataset.catalog, location.href));
    const { circuits, features } = await answer.json();
    for (const each of circuits) option(each.id, each.title);
    for (const each of features) option(each.page.replace(/^features\/|\/index\.html$/g, ""), each.title);
  } catch {
    suggested = false; // another focus tries again
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go(form.left.value.trim(), form.right.value.trim());
});
form.addEventListener("focusin", (event) => {
  if (event.target.tagName === "INPUT") suggest();
});
const swap = form.querySelector(".compare-swap");
swap.hidden = false;
swap.addEventListener("click", () => go(form.right.value.trim(), form.left.value.trim()));
addEventListener("popstate", show);
show();
