// One shard of dashboards: takes a feature out of its columns (atlas/dashboards/shards.py).
const VALUE_STEPS = 65535;
const SIGNED_STEPS = 32767;
const WILSON_95 = 1.959964;

export class Shard {
  constructor({ header, arrays }) {
    this.header = header;
    this.arrays = arrays;
    this.examples = running(arrays.example_values); // where each example's values start
  }

  holds(index) {
    return index >= this.header.first && index < this.header.first + this.header.features;
  }

  /** The indices of the features that are active anywhere. */
  activeOnes() {
    return Array.from(this.arrays.active.keys()).filter((row) => this.arrays.active[row] > 0)
      .map((row) => row + this.header.first);
  }

  /** Everything about one feature, as plain data. */
  feature(index) {
    const { header, arrays } = this;
    const row = index - header.first;
    const maximum = arrays.maximum[row];
    const groups = this.groups(row, maximum);
    return {
      layer: header.layer,
      index,
      maximum,
      density: density(arrays.active[row], header.tokens),
      histogram: Array.from(columns(arrays.histogram, row, header.bins)),
      top: groups[0],
      bands: this.bands(row, groups),
      promoted: this.effects("promoted", row),
      suppressed: this.effects("suppressed", row),
      similar: this.similar(row),
      together: this.together(row),
      labels: this.labels(row),
      labelled: Boolean(header.label_texts), // whether labels were sought
    };
  }

  groups(row, maximum) {
    const { arrays, header } = this;
    const groups = Array.from({ length: header.bands + 1 }, () => []);
    for (let each = arrays.example_starts[row]; each < arrays.example_starts[row + 1]; each++) {
      groups[arrays.example_group[each]].push(this.example(each, maximum));
    }
    return groups;
  }

  example(each, maximum) {
    const { arrays, header } = this;
    const start = arrays.example_text[each];
    const length = arrays.example_length[each];
    const tokens = Array.from(arrays.text.subarray(start, start + length), (id) => header.strings[id]);
    const values = new Array(length).fill(0);
    for (let at = this.examples[each]; at < this.examples[each + 1]; at++) {
      values[arrays.value_offset[at]] = (arrays.value[at] / VALUE_STEPS) * maximum;
    }
    return { sequence: arrays.example_sequence[each], tokens, values, peak: arrays.example_peak[each] };
  }

  bands(row, groups) {
    const { arrays, header } = this;
    const counts = columns(arrays.band_count, row, header.bands);
    return Array.from(counts, (count, band) => ({
      from: band / header.bands,
      to: (band + 1) / header.bands,
      lowest: arrays.band_lowest[row * header.bands + band],
      highest: arrays.band_highest[row * header.bands + band],
      count,
      examples: groups[band + 1],
    })).filter((band) => band.count > 0);
  }

  effects(name, row) {
    const { arrays, header } = this;
    const many = arrays[`${name}_token`].length / header.features;
    const tokens = columns(arrays[`${name}_token`], row, many);
    const logits = columns(arrays[`${name}_logit`], row, many);
    const scale = arrays[`${name}_scale`][row];
    return Array.from(tokens, (id, rank) => ({
      token: header.strings[id], logit: (logits[rank] / SIGNED_STEPS) * scale,
    }));
  }

  similar(row) {
    const { arrays, header } = this;
    const many = arrays.similar_index.length / header.features;
    return Array.from(columns(arrays.similar_index, row, many), (index, rank) => ({
      layer: arrays.similar_layer[row * many + rank],
      index: index - 1,
      cosine: arrays.similar_cosine[row * many + rank] / SIGNED_STEPS,
    })).filter((other) => other.index >= 0);
  }

  labels(row) {
    const { arrays, header } = this;
    if (!header.label_texts) return []; // from before there were any
    const found = [];
    for (let each = arrays.label_starts[row]; each < arrays.label_starts[row + 1]; each++) {
      found.push(labelAt(this, each, header.label_texts[each]));
    }
    return found;
  }

  together(row) {
    const { arrays, header } = this;
    const many = arrays.together_index.length / header.features;
    return Array.from(columns(arrays.together_index, row, many), (index, rank) => ({
      layer: header.layer,
      index: index - 1,
      both: arrays.together_both[row * many + rank],
      overlap: arrays.together_overlap[row * many + rank] / SIGNED_STEPS,
    })).filter((other) => other.index >= 0);
  }
}

/** One automatic label of a shard or a file of labels. */
export function labelAt({ header, arrays }, each, text) {
  const score = (steps) => (steps < 0 ? null : steps / SIGNED_STEPS);
  return {
    text,
    method: header.label_methods[arrays.label_method[each]],
    threshold: arrays.label_threshold[each],
    share: arrays.label_share[each] / SIGNED_STEPS,
    score: score(arrays.label_score[each]),
    control: score(arrays.label_control[each]),
    agreement: score(arrays.label_agreement[each]),
    said: arrays.label_said[each],
    held: arrays.label_held[each],
  };
}

function columns(array, row, many) {
  return array.subarray(row * many, (row + 1) * many);
}

function running(sizes) {
  const starts = new Uint32Array(sizes.length + 1);
  for (let each = 0; each < sizes.length; each++) starts[each + 1] = starts[each] + sizes[each];
  return starts;
}

/** The share of tokens with Wilson's 95 % interval. */
export function density(active, tokens) {
  const z = WILSON_95;
  const share = active / tokens;
  const scale = 1 + (z * z) / tokens;
  const centre = (share + (z * z) / (2 * tokens)) / scale;
  const spread = (z / scale) * Math.sqrt((share * (1 - share)) / tokens + (z * z) / (4 * tokens * tokens));
  return { active, tokens, share, low: Math.max(0, centre - spread), high: Math.min(1, centre + spread) };
}
