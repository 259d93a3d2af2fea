// Where dashboards of features lie: the index of dictionaries, their shards, and what the atlas
// itself says of features (its own pages, and the circuits that use them).
import { readArrays } from "./array_file.js";
import { Shard, labelAt } from "./shard.js";

const ID = /^([a-z0-9][a-z0-9-]*)\/([a-z0-9][a-z0-9-]*)\/(\d{1,4})-(\d{1,9})$/;

/** What a reader did that leads nowhere, in words for that reader. */
export class NoSuchFeature extends Error {}

export class Dashboards {
  static async open(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status}`);
    return new Dashboards(await answer.json(), address);
  }

  constructor(index, address) {
    this.dictionaries = index.dictionaries;
    this.address = address;
    this.shards = new Map(); // address → promise of a shard
    this.labelFiles = new Map(); // dictionary and layer → promise of the best automatic labels
    this.facts = new Map(); // dictionary → promise of what the atlas says of its features
  }

  /** A feature's place from an id as people write it; throws NoSuchFeature with what is wrong. */
  place(id) {
    const parts = ID.exec(id.trim());
    if (!parts) throw new NoSuchFeature(`An id looks like ${this.exampleId()}: model, dictionary, layer-index.`);
    const [, model, dictionary, layer, index] = parts;
    const name = `${model}/${dictionary}`;
    const known = this.dictionaries[name];
    if (!known) {
      const names = Object.keys(this.dictionaries).join(", ");
      throw new NoSuchFeature(`There are no dashboards of ${name}. There are of: ${names}.`);
    }
    const features = known.layers[Number(layer)];
    if (!features) {
      throw new NoSuchFeature(`${name} has the layers ${Object.keys(known.layers).join(", ")}, not ${Number(layer)}.`);
    }
    if (Number(index) >= features.features) {
      throw new NoSuchFeature(`Layer ${Number(layer)} of ${name} has features 0 to ${features.features - 1}, not ${Number(index)}.`);
    }
    return { name, layer: Number(layer), index: Number(index), dictionary: known };
  }

  exampleId() {
    const [name, known] = Object.entries(this.dictionaries)[0] ?? ["model/dictionary", { layers: { 0: 0 } }];
    return `${name}/${Object.keys(known.layers)[0]}-0`;
  }

  id(name, layer, index) {
    return `${name}/${layer}-${index}`;
  }

  async shard({ name, layer, index, dictionary }) {
    const first = index - (index % dictionary.shard_features);
    const address = new URL(`${name}/${layer}-${first}.shard`, this.address);
    if (!this.shards.has(address.href)) {
      const reading = readArrays(address).then((file) => new Shard(file));
      reading.catch(() => this.shards.delete(address.href)); // another try may succeed
      this.shards.set(address.href, reading);
    }
    return this.shards.get(address.href);
  }

  async feature(place) {
    return (await this.shard(place)).feature(place.index);
  }

  /** What the atlas says of a dictionary's features, by `layer-index`. */
  async known(name) {
    if (!this.facts.has(name)) {
      const address = new URL(`${name}/known.json`, this.address);
      this.facts.set(name, fetch(address).then((answer) => (answer.ok ? answer.json() : {})).catch(() => ({})));
    }
    return this.facts.get(name);
  }

  /** The best automatic labels of a layer's features, by index; none where they were not made. */
  async labels(name, layer) {
    const address = new URL(`${name}/${layer}.labels`, this.address);
    if (!this.labelFiles.has(address.href)) {
      this.labelFiles.set(address.href, readArrays(address).then(bestLabels).catch(() => new Map()));
    }
    return this.labelFiles.get(address.href);
  }

  get root() {
    return new URL("../", this.address);
  }

  /** The address of a page of the site, from its path below the root. */
  page(path) {
    return new URL(path, this.root).href;
  }

  /** The neighbour in its layer, some steps on; null past an end. */
  step({ name, layer, index, dictionary }, steps) {
    const next = index + steps;
    return next < 0 || next >= dictionary.layers[layer].features ? null : this.id(name, layer, next);
  }

  /** A feature that is active somewhere, of a random layer of a dictionary. */
  async random(name) {
    const dictionary = this.dictionaries[name];
    const layers = Object.keys(dictionary.layers).map(Number);
    const layer = layers[Math.floor(Math.random() * layers.length)];
    const index = Math.floor(Math.random() * dictionary.layers[layer].features);
    const active = (await this.shard({ name, layer, index, dictionary })).activeOnes();
    return this.id(name, layer, active.length ? active[Math.floor(Math.random() * active.length)] : index);
  }
}

function bestLabels(file) {
  const found = new Map();
  file.header.label_texts.forEach((text, index) => {
    if (file.arrays.labelled[index]) found.set(index, labelAt(file, found.size, text));
  });
  return found;
}
