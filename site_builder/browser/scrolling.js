// Blocks that scroll can be reached by the keyboard for as long as they scroll.
const BLOCKS = "pre, .cell-output";

export function connectScrolling() {
  const mark = () => {
    for (const block of document.querySelectorAll(BLOCKS)) {
      const scrolls = block.scrollWidth > block.clientWidth || block.scrollHeight > block.clientHeight;
      if (scrolls) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", mark);
  mark();
}
