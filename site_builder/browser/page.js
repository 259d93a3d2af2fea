// What every page does after load: appearance button, section highlight, copy buttons, search box, on demand.
import { linkFeatures } from "./features/links.js";
import { connectStar } from "./lists/star.js";
import { connectScrolling } from "./scrolling.js";
import { connectSearchBox } from "./search/open.js";

function connectAppearance() {
  const button = document.querySelector("button.appearance");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.appearance || system) === "dark" ? "light" : "dark";
    root.dataset.appearance = next;
    try {
      localStorage.setItem("atlas-appearance", next);
    } catch {
      // storage is switched off: the choice lasts for this page
    }
  });
}

function connectContents() {
  const links = [...document.querySelectorAll(".toc a")];
  const sections = links
    .map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))))
    .filter(Boolean);
  if (!sections.length) return;
  const mark = () => {
    const reached = sections.filter((section) => section.getBoundingClientRect().top < 120);
    const current = reached.length ? reached[reached.length - 1] : sections[0];
    for (const link of links) {
      const here = decodeURIComponent(link.hash.slice(1)) === current.id;
      if (here) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  }, { passive: true });
  mark();
}

function connectCopyButtons() {
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code")?.textContent ?? block.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    const frame = document.createElement("div");
    frame.className = "code-frame";
    block.replaceWith(frame);
    frame.append(block, button);
  }
}

// Wide pictures scroll within their frame; on narrow screens they start at the answer.
for (const frame of document.querySelectorAll(".part-figure .figure-scroll")) frame.scrollLeft = frame.scrollWidth;

connectAppearance();
connectContents();
connectCopyButtons();
connectScrolling();
linkFeatures();
connectStar();
connectSearchBox();
