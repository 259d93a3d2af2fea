// The worker of the explorer: influence, layout, paths and the resting picture, away from the page's thread.
// Every request has a number; the answer carries it back.
import { answerWeights, edgeScores, influence, scores, runningSums, strictShares, strongestFirst } from "../data/flow.js";
import { layOut } from "../link_view/layout.js";
import { paint } from "../link_view/painter.js";
import { strongestPaths } from "../paths/paths.js";

const canvas = new OffscreenCanvas(1, 1);
let arrays = null;
let scene = null;

const JOBS = {
  // The graph of a file: influence, order of importance, scores of the whole.
  open(job) {
    ({ arrays } = job);
    scene = null;
    const output = answerWeights(arrays);
    const reached = influence(arrays, output);
    const edgeScore = edgeScores(arrays, reached, output);
    const [nodeOrder, edgeOrder] = [strongestFirst(reached), strongestFirst(edgeScore)];
    return {
      influence: reached,
      edgeScore,
      nodeOrder,
      edgeOrder,
      nodeSums: runningSums(reached, nodeOrder),
      edgeSums: runningSums(edgeScore, edgeOrder),
      whole: scores(arrays, output),
      strict: strictShares(arrays, output),
    };
  },

  layout(job) {
    return layOut(arrays, job.tokens, job.shown, job.room);
  },

  // What to draw from now on; `edges` are numbers of edges, weakest first.
  scene(job) {
    scene = { ...job.scene, arrays };
    return {};
  },

  paint(job) {
    if (!scene) return {};
    const drawn = paint(canvas, scene, job.view, job.frame);
    return { bitmap: canvas.transferToImageBitmap(), view: job.view, frame: job.frame, drawn };
  },

  paths(job) {
    return strongestPaths(arrays, job.wanted);
  },
};

onmessage = ({ data }) => {
  try {
    const answer = JOBS[data.job](data);
    postMessage({ number: data.number, answer }, answer.bitmap ? [answer.bitmap] : []);
  } catch (problem) {
    postMessage({ number: data.number, problem: problem.message });
  }
};
