"""How much memory tracing by gradients takes: the approximate graphs of sparse autoencoders.

Rows are dense here, and the numbers of a pass stay until its gradients are taken. Figures are in
bytes; benchmarks/README.md has them beside what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from atlas.models.memory import ENCODED, LOGITS, Holding, Needs
from atlas.models.shapes import ModelShape

ENTRY = 16  # bytes of an entry of a row: the number, and copies while rows are joined
VECTORS = 12  # of d_model per layer and token, that a pass keeps for its gradients
HIDDEN = 5  # of d_mlp
PATTERNS = 4  # of tokens per head and token
BACK_VECTORS = 6  # the same of a row on its way back, in the layer where it is
BACK_HIDDEN = 3
BACK_PATTERNS = 3


@dataclass(frozen=True)
class GradientRun:
    """What of an approximate trace sets its memory."""

    tokens: int
    rows: int  # features and logits that get a row, at most
    layers: int  # that have an autoencoder
    side_by_side: bool  # all layers below meet a target, not the nearest one alone
    rows_per_chunk: int = 64
    active: int = 64  # features per token and layer; before the pass nobody knows


def to_trace_by_gradients(
    model: ModelShape, features: int, holding: Holding, run: GradientRun
) -> Needs:
    """What tracing takes beside what is loaded; `features` are those of the largest layer."""
    sources = run.tokens * (run.layers * (run.active + 1) + 1)
    vectors = (sources + 4 * run.tokens * run.layers + run.rows) * model.d_model
    kept = model.layers * run.tokens * _per_token(model, run, (VECTORS, HIDDEN, PATTERNS))
    encoded = 3 * min(run.tokens * features, ENCODED)
    logits = LOGITS * run.tokens * model.d_vocab
    met = run.layers if run.side_by_side else 1
    back = _per_token(model, run, (BACK_VECTORS, BACK_HIDDEN, BACK_PATTERNS)) + met * model.d_model
    chunk = min(run.rows, run.rows_per_chunk)
    computing = {
        "sources": vectors * holding.item,
        "pass": (max(kept, encoded) + logits) * holding.item,
        "gradients": chunk * run.tokens * back * holding.item,
        "rows": run.rows * sources * ENTRY,
    }
    if holding.holds:
        # A pass with gradients keeps the matrices that were brought for it.
        differing = (each for each in model.matrices if each.item != holding.item)
        computing["brought"] = sum(each.numbers for each in differing) * holding.item
    return Needs({}, computing) if holding.accelerator else Needs(computing)


def _per_token(model: ModelShape, run: GradientRun, copies: tuple[int, int, int]) -> int:
    """Numbers of one token in one layer."""
    vectors, hidden, patterns = copies
    return vectors * model.d_model + hidden * model.d_mlp + patterns * model.heads * run.tokens
