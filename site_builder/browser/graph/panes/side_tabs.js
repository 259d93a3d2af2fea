// The tabs of the side pane: the node, tables, paths, export. Only the open one is filled.
import { make } from "../../elements.js";

export class SideTabs {
  /** `tabs` are [name, words, element, show]; `show` fills the element when its tab is open. */
  constructor(explorer, tabs) {
    this.explorer = explorer;
    this.root = make("section", "pane side-pane");
    this.root.setAttribute("aria-label", "Details");
    this.list = make("div", "tabs");
    this.list.setAttribute("role", "tablist");
    this.list.setAttribute("aria-label", "Details");
    this.tabs = tabs.map(([name, words, element, show]) => this.tab(name, words, element, show));
    this.root.append(this.list, ...this.tabs.map((tab) => tab.element));
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  tab(name, words, element, show) {
    const button = make("button", "tab", words);
    button.type = "button";
    button.id = `tab-${name}`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", `panel-${name}`);
    button.addEventListener("click", () => this.explorer.store.change({ tab: name }));
    element.id = `panel-${name}`;
    element.setAttribute("role", "tabpanel");
    element.setAttribute("aria-labelledby", button.id);
    element.tabIndex = 0;
    this.list.append(button);
    return { name, button, element, show };
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = this.tabs.findIndex((tab) => tab.button === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
    this.explorer.store.change({ tab: next.name });
    next.button.focus();
  }

  /** Shows the tab that the state names, filled anew. */
  show() {
    const wanted = this.explorer.store.state.tab;
    const open = this.tabs.find((tab) => tab.name === wanted) ?? this.tabs[0];
    for (const tab of this.tabs) {
      tab.button.setAttribute("aria-selected", String(tab === open));
      tab.button.tabIndex = tab === open ? 0 : -1;
      tab.element.hidden = tab !== open;
    }
    open.show?.();
  }
}
