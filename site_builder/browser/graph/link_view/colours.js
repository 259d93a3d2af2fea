// The style sheet's colours as a canvas needs them. A custom property may hold light-dark(), so an
// element with that colour is asked for what comes out.
const PARTS = 8;
const BANDS = 4;

export function readColours(root) {
  const probe = document.createElement("span");
  probe.hidden = true;
  root.append(probe);
  const colour = (name) => {
    probe.className = `colour-${name}`;
    return getComputedStyle(probe).color;
  };
  const several = (name, count) => Array.from({ length: count }, (_, at) => colour(`${name}-${at + 1}`));
  const colours = {
    line: colour("line"),
    ink: colour("ink"),
    inkSoft: colour("ink-soft"),
    raised: colour("raised"),
    accent: colour("accent"),
    found: colour("found"),
    positive: several("positive", BANDS),
    negative: several("negative", BANDS),
    parts: several("part", PARTS),
    nodes: {
      feature: { fill: colour("raised"), stroke: colour("ink-soft"), width: 1.4 },
      error: { fill: colour("surface"), stroke: colour("ink-faint"), width: 1 },
      token: { fill: colour("surface"), stroke: colour("ink-soft"), width: 1.4 },
      answer: { fill: colour("ink"), stroke: colour("ink"), width: 1.4 },
    },
  };
  probe.remove();
  return colours;
}
