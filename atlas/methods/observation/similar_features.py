"""The features of a dictionary whose decoder vectors point most nearly the same way."""

from __future__ import annotations

from collections.abc import Sequence

from torch.nn.functional import normalize

from atlas.dashboards.dashboard import Similar
from atlas.models.dictionaries import Dictionary


def similar_features(
    dictionary: Dictionary,
    layer: int,
    indices: Sequence[int],
    count: int,
    layers: Sequence[int] | None = None,
) -> list[tuple[Similar, ...]]:
    """Per feature the `count` others with the largest cosine; of `layers`, else of all layers.

    Layer by layer, so that the cosines of one layer at a time stand in memory.
    """
    own = normalize(dictionary.write_vectors(layer, list(indices)), dim=-1)
    found: list[list[Similar]] = [[] for _ in indices]
    for other in layers if layers is not None else dictionary.layer_numbers:
        cosines = own @ normalize(dictionary.write_vectors(other), dim=-1).T
        best = cosines.topk(min(count + 1, cosines.shape[-1]), dim=-1)  # one may be itself
        for similar, index, values, ids in zip(
            found, indices, best.values.tolist(), best.indices.tolist(), strict=True
        ):
            similar += [
                Similar(other, neighbour, round(value, 4))
                for value, neighbour in zip(values, ids, strict=True)
                if (other, neighbour) != (layer, index)
            ]
    return [
        tuple(sorted(similar, key=lambda one: (-one.cosine, one.layer, one.index))[:count])
        for similar in found
    ]
