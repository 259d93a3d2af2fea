// Reads a file of named arrays with a JSON header (atlas/dashboards/shard_arrays.py writes them).
const MAGIC = "ATLASHD1";
const TYPES = {
  "|u1": Uint8Array, "<u2": Uint16Array, "<u4": Uint32Array,
  "|i1": Int8Array, "<i2": Int16Array, "<i4": Int32Array, "<f4": Float32Array,
};

/**
 * Fetches and unpacks one file.
 * @param {URL} address
 * @returns {Promise<{header: object, arrays: Object<string, ArrayLike<number>>}>}
 */
export async function readArrays(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status}`);
  return unpack(await inflate(await answer.arrayBuffer()));
}

// Some hosts unpack gzip on the way, so the first two bytes decide.
async function inflate(bytes) {
  const start = new Uint8Array(bytes, 0, 2);
  if (start[0] !== 0x1f || start[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function unpack(bytes) {
  const words = new TextDecoder();
  if (words.decode(new Uint8Array(bytes, 0, 8)) !== MAGIC) throw new Error("no file of dashboards");
  const length = new DataView(bytes).getUint32(8, true);
  const header = JSON.parse(words.decode(new Uint8Array(bytes, 12, length)));
  const arrays = {};
  for (const [name, [type, start, count]] of Object.entries(header.arrays)) {
    arrays[name] = new TYPES[type](bytes, 12 + length + start, count);
  }
  return { header, arrays };
}
