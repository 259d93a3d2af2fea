// What a node can stand for. The first six are the numbers of the graph file; attention features
// and their errors come only from other tools' files.
export const FEATURE = 0;
export const ERROR = 1;
export const TOKEN = 2;
export const CONSTANT = 3;
export const DROPPED = 4;
export const ANSWER = 5;
export const ATTENTION = 6;
export const ATTENTION_ERROR = 7;

export const KIND_NAMES = ["feature", "error", "token", "constant", "dropped mass", "answer", "attention feature", "attention error"];
export const KIND_LETTERS = ["", "e", "t", "c", "d", "a", "h", "x"]; // before a node's key

export function isFeature(kind) {
  return kind === FEATURE || kind === ATTENTION;
}

export function isError(kind) {
  return kind === ERROR || kind === ATTENTION_ERROR;
}

// Whether a node has a place in the picture: constants and dropped mass are inputs without one.
export function isPlaced(kind) {
  return kind !== CONSTANT && kind !== DROPPED;
}
