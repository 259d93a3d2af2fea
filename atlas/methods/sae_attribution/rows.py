"""Rows of approximate weights: the gradient of each target along a path, times each source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from atlas.methods.sae_attribution.sources import PromptSources, Sources
from atlas.models.language_model import Edit, Place


@dataclass(frozen=True)
class Rows:
    """Targets that are read at one place: vector · value[position] + bias each."""

    layer: int  # the dictionary's, or the number of the model's layers for logits
    place: Place
    position: Int[Tensor, " row"]
    vectors: Float[Tensor, "row d_model"]
    bias: Float[Tensor, " row"]

    def read(self, value: Float[Tensor, "*batch position d_model"]) -> Float[Tensor, "*batch row"]:
        """The targets' numbers, given the value at their place."""
        return (value[..., self.position, :] * self.vectors).sum(-1) + self.bias

    def __len__(self) -> int:
        """The number of targets."""
        return len(self.position)


@dataclass(frozen=True)
class Weights:
    """What `weights_of` computes about some rows; the intercept is the last column."""

    weights: Float32[Tensor, "row column"]
    total: Float[Tensor, " row"]  # the number that each row is about


def feature_rows(sources: PromptSources, columns: Int[Tensor, " row"]) -> Rows:
    """The rows of some features of one layer, given by their columns."""
    features, layer = sources.features, int(sources.features.layer[columns[0]])
    coder, index = sources.dictionary.coder(layer), features.index[columns]
    place = (sources.dictionary.feature_input, layer)
    return Rows(layer, place, features.position[columns], coder.encoder(index), coder.b_enc[index])


def weights_of(sources: PromptSources, rows: Rows, steps: int, rows_per_chunk: int) -> Weights:
    """The weights of rows of one place.

    With one step, w = ∇f(present) · vector, and the intercept is what the tangent has left, so that
    a row sums to its total. With more, the gradient is the mean at the middles of that many equal
    steps from absent to present, and the intercept is f(absent): then rows sum to their totals as
    far as the sum over steps is the integral.
    """
    groups = sources.feeding(rows.layer)
    weights = torch.zeros(len(rows), sources.intercept + 1, device=rows.bias.device)
    for step in range(steps):
        share = 1.0 if steps == 1 else (step + 0.5) / steps
        leaves = [_between(group, share).requires_grad_() for group in groups]
        read = rows.read(_run(sources, groups, leaves, rows.place))
        for start in range(0, len(rows), rows_per_chunk):
            chosen = slice(start, start + rows_per_chunk)
            gradients = _gradients(read[chosen], leaves)
            for group, gradient in zip(groups, gradients, strict=True):
                part = contract(gradient, group, rows.position[chosen])
                weights[chosen, group.columns] += part / steps
    with torch.no_grad():
        total = rows.read(_run(sources, groups, [g.present for g in groups], rows.place))
        if steps == 1:
            weights[:, -1] = total - weights.sum(1)
        else:
            weights[:, -1] = rows.read(
                _run(sources, groups, [group.absent for group in groups], rows.place)
            )
    return Weights(weights, total)


def _between(group: Sources, share: float) -> Float[Tensor, "position d_model"]:
    return group.absent + share * (group.present - group.absent)


def _run(
    sources: PromptSources,
    groups: Sequence[Sources],
    values: Sequence[Float[Tensor, "position d_model"]],
    wanted: Place,
) -> Float[Tensor, "position d_model"]:
    """The value at a place when the groups' places hold these values."""
    kept: list[Tensor] = []
    edits: dict[Place, Edit] = {
        group.place: partial(_put, value) for group, value in zip(groups, values, strict=True)
    }
    edits[wanted] = partial(keep, kept)
    gradients = any(value.requires_grad for value in values)
    sources.model.run(sources.ids[None], edits=edits, gradients=gradients)
    return kept[0][0]


def _put(value: Tensor, found: Tensor) -> Tensor:
    return value.expand_as(found)


def keep(kept: list[Tensor], found: Tensor) -> Tensor:
    """An edit that changes nothing and keeps the value with its gradients."""
    kept.append(found)
    return found


def _gradients(
    read: Float[Tensor, " row"], leaves: Sequence[Tensor]
) -> tuple[Float[Tensor, "row position d_model"], ...]:
    """The gradients of each number in each leaf."""
    each = torch.eye(len(read), dtype=read.dtype, device=read.device)
    return torch.autograd.grad(read, leaves, each, retain_graph=True, is_grads_batched=True)


def contract(
    gradient: Float[Tensor, "row position d_model"], group: Sources, read_at: Int[Tensor, " row"]
) -> Float[Tensor, "row source"]:
    """Each source's vector times the gradient at its position; 0 for sources at later ones."""
    weights = gradient.new_zeros(len(gradient), len(group.position))
    for position in torch.unique(group.position).tolist():
        here = (group.position == position).nonzero()[:, 0]
        later = (read_at >= position).to(gradient)[:, None]
        weights[:, here] = later * (gradient[:, position] @ group.vectors[here].T)
    return weights
