"""How much memory loading and tracing take, from shapes alone.

What is counted is memory of the process's own. Files that are mapped into memory are counted
apart: the system reads what is used of them and takes it back when memory is short. Figures are in
bytes; benchmarks/README.md has them beside what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from atlas.models.shapes import DictionaryShape, ModelShape

ITEMS = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}
PROCESS = 360_000_000  # Python with torch, transformers and TransformerLens; measured
ENCODED = 1 << 24  # numbers; see `active_features.PORTION`
FEWEST_ROWS = 16  # that are swept together, however much they take
KEPT_VECTORS = 1 << 28  # see `met_vectors.KEPT_BYTES`
VOCABULARY_ROWS = 8192  # see `held_weights.ROWS`
HELD_LAYERS = 3  # whose attention is in full precision at a time where weights are held otherwise
STREAM_VECTORS = 10  # of d_model per layer and token: what is read of a pass, errors, constants
LOGITS = 4  # copies of all logits that stand at once: raw, with a soft cap, and on the way there
ENTRY = 12  # bytes of an entry of a row: column, number, copies while layers are put in order
FILLED = 0.25  # share of entries that are not 0: sources lie before a row and below it


@dataclass(frozen=True)
class Holding:
    """How a model computes and how its weights are held; see `BridgeSettings`."""

    accelerator: bool = False  # computes on a device with memory of its own
    dtype: str = "float32"
    weights: str | None = None
    stream: bool = False

    @property
    def item(self) -> int:
        """Bytes of a number in arithmetic."""
        return ITEMS[self.dtype]

    @property
    def holds(self) -> bool:
        """Whether matrices are held otherwise than arithmetic needs them."""
        return self.stream or self.weights not in (None, self.dtype)


@dataclass(frozen=True)
class RunSize:
    """What of a trace sets its memory."""

    tokens: int
    rows: int  # features and logits that get a row, at most
    rows_per_chunk: int = 384
    chunk_bytes: int = 1 << 30  # fewer rows are swept together where they would take more
    active: int = 64  # features per token and layer; before the pass nobody knows
    neurons: bool = False  # features are the model's own neurons


@dataclass(frozen=True)
class Needs:
    """Bytes by what they are for."""

    memory: Mapping[str, int] = field(default_factory=dict)  # of the process's own
    accelerator: Mapping[str, int] = field(default_factory=dict)
    files: int = 0  # mapped into memory

    @property
    def memory_bytes(self) -> int:
        """In all, of the process's own."""
        return sum(self.memory.values())

    @property
    def accelerator_bytes(self) -> int:
        """In all, on the device."""
        return sum(self.accelerator.values())

    def __add__(self, other: Needs) -> Needs:
        """Both together."""
        return Needs(
            {**self.memory, **other.memory},
            {**self.accelerator, **other.accelerator},
            self.files + other.files,
        )


def to_load(model: ModelShape, dictionary: DictionaryShape | None, holding: Holding) -> Needs:
    """What a model and a dictionary take."""
    weights, dictionaries = _weights(model, holding), Needs()
    if dictionary is not None:
        dictionaries = _dictionary(dictionary, holding)
    return weights + dictionaries


def to_trace(
    model: ModelShape, dictionary: DictionaryShape | None, holding: Holding, run: RunSize
) -> Needs:
    """What tracing takes beside what is loaded; without a dictionary, of as many neurons."""
    features = model.d_mlp if dictionary is None else dictionary.features
    columns = _columns(model, run)
    computing = {
        "attention": _attention(model, holding),
        "pass": _pass(model, features, run) * holding.item,
        "sweep": _sweep(model, run, columns) * holding.item
        + min(KEPT_VECTORS, run.tokens * model.layers * run.active * model.d_model * holding.item),
    }
    if run.neurons and holding.holds:
        numbers = 3 * model.layers * model.d_mlp * model.d_model
        computing["neurons"] = numbers * holding.item
    rows = {"rows": int(run.rows * columns * FILLED * ENTRY)}
    if holding.accelerator:
        return Needs(rows, computing)
    return Needs(computing | rows)


def _weights(model: ModelShape, holding: Holding) -> Needs:
    vectors = sum(each.numbers for each in model.vectors) * holding.item
    # One matrix at a time, or some thousand tokens of the vocabulary.
    brought = max(model.largest_in_layers, VOCABULARY_ROWS * model.d_model) * holding.item
    files = sum(each.bytes for each in model.matrices if not each.is_one_expert)
    if holding.stream:
        kept = {"weights": vectors + brought}
        # Experts that lie in the files one by one are put together in memory.
        stacked = sum(each.bytes for each in model.matrices if each.is_one_expert)
        experts = {"experts": stacked} if stacked else {}
        if holding.accelerator:
            return Needs(experts, kept, files)
        return Needs(experts | kept, {}, files)
    item = ITEMS[holding.weights or holding.dtype]
    held = sum(each.numbers for each in model.matrices) * item
    converted = sum(each.numbers * item for each in model.matrices if each.item != item)
    extra = vectors + (brought if holding.holds else 0)
    # They are read, and converted if need be, by the processor in any case.
    if holding.accelerator:
        return Needs({"weights": converted}, {"weights": held + extra}, held - converted)
    return Needs({"weights": converted + extra}, {}, held - converted)


def _dictionary(dictionary: DictionaryShape, holding: Holding) -> Needs:
    files = sum(each.bytes for each in dictionary.matrices)
    vectors = sum(each.numbers for each in dictionary.tensors if len(each.shape) < 2)
    largest = max(each.numbers for each in dictionary.tensors)
    halves = any(each.item != holding.item for each in dictionary.matrices)
    brought = largest * holding.item
    if not holding.accelerator:
        # Half precision is converted a layer at a time; the search for NaN takes as much.
        return Needs({"dictionary": vectors * holding.item + brought}, {}, files)
    held = brought if holding.stream else files + (brought if halves else 0)
    return Needs({"dictionary": brought}, {"dictionary": vectors * holding.item + held}, files)


def _columns(model: ModelShape, run: RunSize) -> int:
    """The sources of a row: features, errors, tokens."""
    return run.tokens * (model.layers * (run.active + 1) + 1)


def _attention(model: ModelShape, holding: Holding) -> int:
    """Copies of value and output weights with norms folded in."""
    values = model.d_model * model.kv_heads * model.d_head
    outputs = model.d_model * model.heads * model.d_head
    if holding.holds:
        return HELD_LAYERS * (values + outputs) * holding.item
    return model.layers * (values + outputs * model.post_norms) * holding.item


def _pass(model: ModelShape, features: int, run: RunSize) -> int:
    """Numbers that are kept of a pass, and those of its largest layer on the way."""
    length, heads = run.tokens, model.heads
    kept = model.layers * (STREAM_VECTORS * length * model.d_model + heads * length**2)
    encoded = min(length * features, ENCODED)
    passing = max(3 * length * model.d_mlp, 4 * heads * length**2, 3 * encoded)
    return kept + LOGITS * length * model.d_vocab + passing


def _sweep(model: ModelShape, run: RunSize, columns: int) -> int:
    """Numbers of one chunk of rows on its way down."""
    widths = 2 * model.d_model + (model.heads + model.kv_heads) * model.d_head
    fitting = run.chunk_bytes // (ITEMS["float32"] * (run.tokens * widths + columns))
    chunk = min(run.rows, run.rows_per_chunk, max(fitting, FEWEST_ROWS))
    spread = model.heads * model.d_model  # rows' first attention, head by head
    # The rows themselves, turned, and what finds their entries that are not 0.
    return chunk * (run.tokens * widths + 4 * columns + spread)
