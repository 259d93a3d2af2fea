// Features without a page of their own lead to their dashboards, where the site has any. The page
// holds their dictionary’s address once; the last part is the number that the reader sees.
import { make } from "../elements.js";

export function linkFeatures() {
  for (const frame of document.querySelectorAll("[data-features]")) {
    for (const chip of frame.querySelectorAll("span.chip")) {
      const link = make("a", "chip");
      link.href = `${frame.dataset.features}/${chip.textContent}`;
      link.append(...chip.childNodes);
      chip.replaceWith(link);
    }
  }
}
