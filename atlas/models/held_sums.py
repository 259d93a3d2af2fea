"""Whether a model is what the engine takes it for, checked on the prompt that is traced.

Attribution relies on sums: with patterns and norm scales held, attention is a linear map of the
residual stream, a layer adds attention and MLP to that stream and nothing else, and the logits are
a linear map of its end. An architecture of which one of these is untrue is refused by the layer and
the part where the sum stops adding up; one that nobody has tried and that fits is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import ModelError
from atlas.models.frozen_attention import FrozenAttention
from atlas.models.language_model import LanguageModel, Place
from atlas.models.sites import Site
from atlas.models.weights import NormWeights

OFF_BY = 1e-3
"""Share of what a part adds by which the sum may be off; gates and scales are off by far more."""
ROUNDINGS = 100
"""Roundings of the stream by which a sum may be off besides: parts can be small beside it."""

Values = Mapping[Place, Tensor]


@dataclass(frozen=True)
class Sum:
    """One of the sums at all positions: what the engine computes and what the model had."""

    part: str
    expected: str
    computed: Float[Tensor, "position width"]
    found: Float[Tensor, "position width"]
    stream: Float[Tensor, "position d_model"]  # what the sum is a part of, for rounding

    def off_by(self) -> float:
        """The largest share, over positions, by which the two differ, rounding left out."""
        size = self.found.norm(dim=-1)
        rounding = ROUNDINGS * torch.finfo(self.found.dtype).eps * self.stream.norm(dim=-1)
        beyond = ((self.computed - self.found).norm(dim=-1) - rounding).clamp(min=0)
        return float((beyond / size.clamp(min=1e-30)).nan_to_num(nan=torch.inf).max())


def check_parts(model: LanguageModel) -> None:
    """Refuse a model that lacks a part which every layer must have; ModelError says which."""
    for layer in range(model.layers):
        missing = model.missing_part(layer)
        if missing is not None:
            raise ModelError(
                f"{model.name} ({model.architecture}): layer {layer}",
                "attention with a pattern, and values and outputs per head, then an MLP",
                missing,
                "such a model cannot be traced",
            )


def places_of_sums(model: LanguageModel) -> list[Place]:
    """What must be read of a pass so that its sums can be checked."""
    sites = [
        Site.RESIDUAL_BEFORE,
        Site.RESIDUAL_MIDDLE,
        Site.RESIDUAL_AFTER,
        Site.MLP_INPUT,
        Site.MLP_WRITE,
    ]
    places = [(site, layer) for layer in range(model.layers) for site in sites]
    return [place for place in places if model.has(*place)]


def check_reached(model: LanguageModel, wanted: Iterable[Place], values: Values) -> None:
    """Refuse a model whose pass never came to one of the wanted places; ModelError says which."""
    for site, layer in wanted:
        if (site, layer) not in values:
            raise ModelError(
                f"{model.name} ({model.architecture}): layer {layer}",
                f"a pass through {site.value}",
                "none: TransformerLens runs this architecture without that place",
                "such a model cannot be traced",
            )


def check_sums(model: LanguageModel, attention: Sequence[FrozenAttention], values: Values) -> None:
    """Refuse a model on whose pass one of the sums does not add up.

    Raises:
        ModelError: with the layer, the part, how far the sum is off, and what the architecture is
            known to do there.
    """
    for layer, held in enumerate(attention):
        if bool(held.pattern.triu(1).any()):
            _refuse(model, layer, "attention", "attention to earlier tokens only", "some ahead")
        for each in _sums(model, layer, held, values):
            off = each.off_by()
            if off > OFF_BY:
                _refuse(model, layer, each.part, each.expected, f"it off by {off:.1%}")
    last = _logits(model, values)
    off = last.off_by()
    if off > OFF_BY:
        _refuse(model, model.layers - 1, last.part, last.expected, f"it off by {off:.1%}")


def _refuse(model: LanguageModel, layer: int, part: str, expected: str, found: str) -> None:
    known = model.peculiarities(layer)
    raise ModelError(
        f"{model.name} ({model.architecture}): layer {layer}, {part}",
        expected,
        found,
        (f"the architecture has {' and '.join(known)}; " if known else "")
        + "such a model cannot be traced, because rows would not add up",
    )


def _sums(model: LanguageModel, layer: int, held: FrozenAttention, values: Values) -> Iterator[Sum]:
    before, after = values[Site.RESIDUAL_BEFORE, layer], values[Site.RESIDUAL_AFTER, layer]
    if layer > 0:
        end = values[Site.RESIDUAL_AFTER, layer - 1]
        yield Sum("what it reads", "the stream as the layer below left it", end, before, end)
    written, from_heads = values[Site.MLP_WRITE, layer], held.forward(before)
    middle = values.get((Site.RESIDUAL_MIDDLE, layer))
    heads = "the sum over heads of pattern times values, as added to the stream"
    if middle is None:
        middle = before
        yield Sum("attention", heads, from_heads, after - before - written, after)
    else:
        yield Sum("attention", heads, from_heads, middle - before, middle)
        yield Sum("MLP output", "the stream plus the MLP's output", written, after - middle, after)
    norm = _held_norm(model.mlp_norm(layer), middle, values.get((Site.MLP_NORM_SCALE, layer)))
    read = values[Site.MLP_INPUT, layer]
    yield Sum("norm before the MLP", "the weight times the stream by its scale", norm, read, read)


def _logits(model: LanguageModel, values: Values) -> Sum:
    """The logits of the last position; those of others are read in the same way."""
    stream = values[Site.RESIDUAL_AFTER, model.layers - 1][-1:]
    normed = _held_norm(model.final_norm(), stream, values[Site.FINAL_NORM_SCALE, 0][-1:])
    unembedding = model.unembedding()
    logits = unembedding.linear(normed)
    if unembedding.bias is not None:
        logits = logits + unembedding.bias
    expected = "the unembedding of the normed stream"
    return Sum("logits", expected, logits, values[Site.LOGITS, 0][-1:], normed)


def _held_norm(
    norm: NormWeights | None,
    x: Float[Tensor, "position d_model"],
    scale: Float[Tensor, "position 1"] | None,
) -> Float[Tensor, "position d_model"]:
    if norm is None or scale is None:
        return x
    out = norm.forward(x) / scale
    return out if norm.bias is None else out + norm.bias
