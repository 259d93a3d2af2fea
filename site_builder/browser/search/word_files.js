// The files of words of the index of features: which of them a word needs, and what they say.
// site_builder/feature_search/postings.py writes them.
import { readArrays } from "../features/array_file.js";

const FIELD_BITS = 3;
const LAST = "\uffff"; // after every letter

export class WordFiles {
  /** @param {Array<[string, number, number]>} files first word, its first feature there, bytes */
  constructor(files, address) {
    this.files = files;
    this.address = address;
    this.read = new Map(); // number of a file → promise of its blocks
  }

  /**
   * The numbers of the files that hold words with a beginning, those left out that hold only
   * features outside the ranges.
   */
  between(low, high, ranges) {
    let first = this.firstNotBelow(low) - 1;
    if (first < 0) first = 0;
    const found = [];
    for (let at = first; at < this.files.length && this.files[at][0] <= high; at++) {
      if (!this.isOutside(at, ranges)) found.push(at);
    }
    return found;
  }

  /** The files of all words that begin so. */
  beginning(start, ranges) {
    return this.between(start, start + LAST, ranges);
  }

  firstNotBelow(word) {
    let low = 0;
    let high = this.files.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.files[middle][0] < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isOutside(at, ranges) {
    const next = this.files[at + 1];
    const [word, first] = this.files[at];
    if (next?.[0] !== word) return false; // other words follow in it
    return !ranges.some(([start, stop]) => first < stop && start < next[1]);
  }

  bytes(numbers) {
    return numbers.reduce((sum, at) => sum + this.files[at][2], 0);
  }

  blocks(number) {
    if (!this.read.has(number)) {
      const reading = readArrays(new URL(`${number}.words`, this.address)).then(({ header, arrays }) => {
        let end = 0;
        return header.words.map((word, at) => {
          const start = end;
          end += arrays.sizes[at];
          return { word, bytes: arrays.postings.subarray(start, end) };
        });
      });
      reading.catch(() => this.read.delete(number)); // another try may succeed
      this.read.set(number, reading);
    }
    return this.read.get(number);
  }

}

/** Calls `take(feature, fields)` for each posting of a block. */
export function eachPosting(bytes, take) {
  let feature = 0;
  for (let at = 0; at < bytes.length;) {
    let value = 0;
    let scale = 1;
    let byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    feature += Math.floor(value / 2 ** FIELD_BITS);
    take(feature, value % 2 ** FIELD_BITS);
  }
}
