// Features without a page of their own lead to their dashboards, where the site has any. The page
// holds their dictionary’s address once; the last part is the number that the reader sees.
import { make } from "../elements.js";

export function linkFeatures() {
  for (const frame of document.querySelectorAll("[data-features]")) {
    for (const cell of frame.querySelectorAll(".numbers")) linkNumbers(cell, frame.dataset.features);
    for (const chip of frame.querySelectorAll("li.chip")) {
      const link = make("a", "chip mono", chip.textContent);
      link.href = `${frame.dataset.features}/${chip.textContent}`;
      chip.className = "";
      chip.replaceChildren(link);
    }
  }
}

/** Links the numbers of a cell that holds many, with spaces between them. */
function linkNumbers(cell, address) {
  for (const words of [...cell.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)) {
    const parts = words.data.split(" ").map((number) => {
      if (!number) return "";
      const link = make("a", "", number);
      link.href = `${address}/${number}`;
      return link;
    });
    words.replaceWith(...parts.flatMap((part, at) => (at ? [" ", part] : [part])));
  }
}
