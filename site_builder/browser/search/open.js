// Waits for the reader to want the search box, and loads what it needs then: `/` or focus.
export function connectSearchBox() {
  const form = document.querySelector(".site-search");
  if (!form) return;
  const box = form.querySelector("input");
  const open = () => import("./box.js").then(({ SearchBox }) => new SearchBox(form)).catch(() => {});
  box.addEventListener("focus", open, { once: true });
  if (document.activeElement === box) open();
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    box.focus();
    box.select();
    event.preventDefault();
  });
}
