"""How far approximate edges are from what the model does when a source is taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.methods.sae_attribution.rows import Rows, Weights
from atlas.methods.sae_attribution.sources import PromptSources, Sources
from atlas.models.language_model import Edit, Place

SMALLEST = 1e-30


@dataclass(frozen=True)
class MeasuredError:
    """Weights beside measured effects, over all edges from the checked sources."""

    sources: int
    edges: int
    relative_error: float  # Σ |weight − effect| / Σ |effect|
    correlation: float  # of weights and effects
    sign_agreement: float  # share of Σ |effect| on edges whose weight has the effect's sign


def measured_error(
    sources: PromptSources, traced: Sequence[tuple[Rows, Weights]], checked: Sequence[int]
) -> MeasuredError:
    """Compare the weights of edges from these features (columns) with their effects.

    The effect on a target is its number on the prompt minus that without the source: one forward
    pass of the model in which the vector that the source writes is taken away, and all that lies
    between it and the target runs. What other groups of sources put in stays.
    """
    pairs = []
    for column in checked:
        group = next(each for each in sources.groups if bool((each.columns == column).any()))
        above = [(rows, found) for rows, found in traced if group in sources.feeding(rows.layer)]
        without = _without(sources, group, column, [rows.place for rows, _ in above])
        position = int(sources.features.position[column])
        for rows, found in above:
            later = rows.position >= position
            effect = (found.total - rows.read(without[rows.place]))[later]
            pairs.append(torch.stack([found.weights[later, column], effect]))
    weight, effect = torch.cat(pairs, dim=1).double() if pairs else torch.zeros(2, 0).double()
    whole = max(float(effect.abs().sum()), SMALLEST)
    agrees = weight.sign() == effect.sign()
    return MeasuredError(
        sources=len(checked),
        edges=len(effect),
        relative_error=float((weight - effect).abs().sum()) / whole,
        correlation=_correlation(weight, effect),
        sign_agreement=float(effect.abs()[agrees].sum()) / whole,
    )


def _without(
    sources: PromptSources, group: Sources, column: int, wanted: Sequence[Place]
) -> dict[Place, Float[Tensor, "position d_model"]]:
    """The values at some places when one source is absent and the groups beside it stay."""
    chosen = int((group.columns == column).nonzero()[0, 0])
    held = group.present.clone()
    held[group.position[chosen]] -= group.vectors[chosen]
    put: dict[Place, Tensor] = {group.place: held}
    if sources.side_by_side:
        put |= {each.place: each.present for each in sources.groups if each.layer > group.layer}
    seen: dict[Place, Tensor] = {}
    places = dict.fromkeys([*wanted, *put])
    edits: dict[Place, Edit] = {
        place: partial(_see_and_put, seen, place, put.get(place)) for place in places
    }
    sources.model.run(sources.ids[None], edits=edits)
    return {place: seen[place] for place in wanted}


def _see_and_put(
    seen: dict[Place, Tensor], place: Place, value: Tensor | None, found: Tensor
) -> Tensor:
    seen[place] = found[0]
    return found if value is None else value.expand_as(found)


def _correlation(one: Float[Tensor, " edge"], other: Float[Tensor, " edge"]) -> float:
    """Pearson's correlation; 0 where one of the two does not vary."""
    centred = [each - each.mean() for each in (one, other)]
    size = float(centred[0].norm() * centred[1].norm())
    return float(centred[0] @ centred[1]) / size if size > SMALLEST else 0.0
