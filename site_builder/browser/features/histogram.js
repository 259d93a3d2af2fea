// The histogram of a feature's activations, on a square-root scale of counts, with the limits of
// its quantile bands.
import { make, svg } from "../elements.js";
import { fixed, whole } from "../numbers.js";

const HEIGHT = 90; // pixels

export function histogram(feature) {
  const counts = feature.histogram;
  const largest = Math.max(...counts.map(Math.sqrt), 1e-9);
  const width = 100 / counts.length;
  const picture = svg("svg", { class: "chart-strip", width: "100%", height: HEIGHT });
  counts.forEach((count, at) => {
    const tall = Math.max((HEIGHT * Math.sqrt(count)) / largest, count ? 1 : 0);
    picture.append(svg("rect", {
      class: "histogram-bar",
      x: `${(at * width + 0.08 * width).toFixed(2)}%`, y: (HEIGHT - tall).toFixed(1),
      width: `${(0.84 * width).toFixed(2)}%`, height: tall.toFixed(1),
    }));
  });
  for (const band of feature.bands.slice(1)) {
    const x = `${((100 * band.lowest) / feature.maximum).toFixed(2)}%`;
    picture.append(svg("line", { class: "histogram-band", x1: x, x2: x, y1: 0, y2: HEIGHT }));
  }
  const frame = make("div", "histogram");
  frame.setAttribute("role", "img");
  const total = counts.reduce((sum, count) => sum + count, 0);
  frame.setAttribute("aria-label", `Histogram of ${whole(total)} activations from 0 to ${fixed(feature.maximum)}.`);
  const ends = make("div", "histogram-ends");
  ends.append(make("span", "", "0"), make("span", "", "activation"), make("span", "", fixed(feature.maximum)));
  frame.append(picture, ends);
  return frame;
}
