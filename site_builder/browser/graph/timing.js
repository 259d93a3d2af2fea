// Measures of what a reader waits for; the browser's performance tools show them as graph:….
const KEPT = 2000; // measures, before the oldest are cleared

const starts = new Map();
let made = 0;

export function started(name) {
  starts.set(name, performance.now());
  return starts.get(name);
}

/** Measures since `started`; `start` where several run at once. */
export function finished(name, start = starts.get(name)) {
  if (start === undefined) return;
  performance.measure(`graph:${name}`, { start, end: performance.now() });
  if (++made > KEPT) {
    performance.clearMeasures();
    made = 0;
  }
}

/** Does the work and measures it. */
export function timed(name, work) {
  const start = performance.now();
  const result = work();
  finished(name, start);
  return result;
}
