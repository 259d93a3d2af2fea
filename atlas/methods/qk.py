"""Why an attention head looks where it looks: its score as a sum over pairs of sources.

Attribution graphs hold attention patterns fixed, so they do not say where the patterns come from.
The score of one query and one key does: with norm scales held fixed (and earlier patterns, as in
the graph), the query is a sum of what each source brings to its position, and so is the key:

    score(q, k) = scale · (Σ_s Q[s]) · (Σ_t K[t]) = Σ_s Σ_t scale · Q[s] · K[t]

(QK tracing: Kamath et al. 2025, "Tracing Attention Computation Through Feature Interactions".)
Q[s] and K[t] are swept like rows of a graph, one row for each entry of the query and of the key.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.graphs.attention_score import (
    AttentionScore,
    HeadPlace,
    KeyScore,
    PairTable,
    SourcePairs,
)
from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.freeze_prompt import Prompt, freeze_prompt, prompt_text
from atlas.methods.attribution.row_targets import Targets, before_attention
from atlas.methods.attribution.source_nodes import NodeTableBuilder, add_sources
from atlas.methods.attribution.sweep import sweep
from atlas.models.dictionaries import Dictionary
from atlas.models.frozen_head import FrozenReader, key_reader, query_reader, reader_places
from atlas.models.language_model import LanguageModel, Place
from atlas.models.replacement import FrozenPass
from atlas.models.sites import Site

KNOWN_TO = 1e-3  # how far, relative to the row's largest score, ours may be from the model's own
ROWS_PER_BLOCK = 1024  # query sources whose pairs are looked at together


@dataclass(frozen=True)
class QueryKeySettings:
    """How much of a score to tell; every sum is over all sources whatever is told."""

    top: int = 12  # sources on either side that get a row or column in the table of pairs
    pairs: int = 10  # strongest pairs to list; the published tools list as many

    def __post_init__(self) -> None:
        for name in ("top", "pairs"):
            if getattr(self, name) < 1:
                raise BadInput(f"settings: {name}", "at least 1", str(getattr(self, name)))


def explain_score(
    model: LanguageModel,
    dictionary: Dictionary,
    prompt: Prompt,
    place: HeadPlace,
    settings: QueryKeySettings = QueryKeySettings(),  # noqa: B008  frozen, safe to share
) -> AttentionScore:
    """The score of a query and a key, or of one key less another, split over pairs of sources.

    Raises:
        BadInput: a layer, head or position that there is not; a key that the query cannot see.
        ModelError: a model whose scores are more than rotated, normed products (position biases,
            say), a dictionary without exact graphs, weights in half precision.
    """
    frozen = freeze_prompt(model, dictionary, prompt)
    _check_place(frozen, place)
    values = _values(frozen, place.layer)
    reads = _reads(frozen, place, values)
    keys = _key_scores(frozen, place, reads, values)
    scale = model.query_key(place.layer).scale
    parts = _parts(frozen, place.layer, reads)
    query, key = scale * parts[0], parts[1] - sum(parts[2:])
    chosen = np.flatnonzero(query.any(axis=1) | key.any(axis=1))
    query, key = query[chosen], key[chosen]
    table = NodeTableBuilder()
    add_sources(table, frozen, chosen)
    marginals = query @ key.sum(axis=0), key @ query.sum(axis=0)
    return AttentionScore(
        place=place,
        score=keys[0].score - sum(each.score for each in keys[1:]),
        keys=keys,
        model=model.name,
        dictionary=dictionary.name,
        prompt=prompt_text(model, prompt),
        tokens=tuple(model.token_string(int(token)) for token in frozen.ids),
        sources=table.build(),
        query_marginals=marginals[0],
        key_marginals=marginals[1],
        query_rest=0.0,
        key_rest=0.0,
        table=pair_table(query, key, settings.top),
        strongest=strongest_pairs(query, key, settings.pairs),
    )


def pair_table(
    query: Float64[np.ndarray, "source d_head"], key: Float64[np.ndarray, "source d_head"], top: int
) -> PairTable:
    """The pairs of the sources whose marginals are largest, and the rest, which is never lost."""
    whole_query, whole_key = query.sum(axis=0), key.sum(axis=0)
    rows, columns = _largest(query @ whole_key, top), _largest(key @ whole_query, top)
    left, right = query[rows], key[columns]
    left = np.vstack([left, whole_query - left.sum(axis=0)])
    right = np.vstack([right, whole_key - right.sum(axis=0)])
    return PairTable(rows, columns, left @ right.T)


def strongest_pairs(
    query: Float64[np.ndarray, "source d_head"],
    key: Float64[np.ndarray, "source d_head"],
    most: int,
) -> SourcePairs:
    """The pairs that add most or take most, over all sources."""
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for start in range(0, len(query), ROWS_PER_BLOCK):
        values = query[start : start + ROWS_PER_BLOCK] @ key.T
        best = _largest(values.reshape(-1), most)
        row, column = np.divmod(best, len(key))
        found.append((row + start, column, values[row, column]))
    rows, columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    best = _largest(values, most)
    best = best[values[best] != 0]
    return SourcePairs(rows[best], columns[best], values[best])


def _largest(values: Float64[np.ndarray, " value"], most: int) -> Int64[np.ndarray, " place"]:
    """The places of the values of largest size, the largest first, ties in their order."""
    if len(values) > most:
        size = -np.abs(values)
        bound = np.partition(size, most - 1)[most - 1]
        candidates = np.flatnonzero(size <= bound)
    else:
        candidates = np.arange(len(values))
    return candidates[np.argsort(-np.abs(values[candidates]), kind="stable")][:most]


@dataclass(frozen=True)
class _Read:
    """A reader, its position, and the query or key that it reads there."""

    reader: FrozenReader
    position: int
    whole: Float[Tensor, " d_head"]


def _check_place(frozen: FrozenPass, place: HeadPlace) -> None:
    model = frozen.model
    limits = {"layer": model.layers, "head": model.heads, "query": frozen.length}
    limits |= {"key": place.query + 1, "foil": place.query + 1}
    for name, limit in limits.items():
        value = getattr(place, name)
        if value is not None and not 0 <= value < limit:
            raise BadInput(name, f"0 to {limit - 1}", str(value))
    if place.foil == place.key:
        raise BadInput("foil", "another key", str(place.foil))


def _values(frozen: FrozenPass, layer: int) -> dict[Place, Tensor]:
    """What the readers need of the prompt's pass, and what the model makes of its keys."""
    places = reader_places(frozen.model, layer)
    sites = (Site.RESIDUAL_BEFORE, Site.ATTENTION_SCORE, Site.ATTENTION_PATTERN)
    places += [(site, layer) for site in sites]
    outcome = frozen.model.run(frozen.ids[None], read=places)
    return {place: value[0] for place, value in outcome.values.items()}


def _reads(frozen: FrozenPass, place: HeadPlace, values: dict[Place, Tensor]) -> list[_Read]:
    """The query, the key, and the foil if there is one."""
    stream = values[Site.RESIDUAL_BEFORE, place.layer]
    keys = [place.key] if place.foil is None else [place.key, place.foil]
    reads = []
    for position, build in [(place.query, query_reader), *((key, key_reader) for key in keys)]:
        reader = build(frozen.model, values, place.layer, place.head, position)
        reads.append(_Read(reader, position, reader.read(stream[position])))
    return reads


def _key_scores(
    frozen: FrozenPass, place: HeadPlace, reads: list[_Read], values: dict[Place, Tensor]
) -> tuple[KeyScore, ...]:
    """The model's own numbers for each key, after checking that ours give the same."""
    weights = frozen.model.query_key(place.layer)
    own = values[Site.ATTENTION_SCORE, place.layer][place.head, place.query]
    pattern = values[Site.ATTENTION_PATTERN, place.layer][place.head, place.query]
    largest = float(own[pattern > 0].abs().max().clamp(min=1.0))
    found = []
    for read in reads[1:]:
        if float(pattern[read.position]) == 0:
            raise BadInput(
                "key", "a key that the query looks at", f"{read.position}, which is masked"
            )
        raw = weights.scale * float(reads[0].whole @ read.whole)
        cap = weights.soft_cap
        capped = None if cap is None else cap * math.tanh(raw / cap)
        theirs = float(own[read.position])
        if abs((raw if capped is None else capped) - theirs) > KNOWN_TO * largest:
            raise ModelError(
                f"{frozen.model.name}: layer {place.layer}",
                f"a score that is scale · query · key, which gives {raw:.4g}",
                f"{theirs:.4g}",
                "scores with position biases or other terms cannot be explained yet",
            )
        found.append(KeyScore(read.position, raw, capped, float(pattern[read.position])))
    return tuple(found)


def _parts(
    frozen: FrozenPass, layer: int, reads: list[_Read]
) -> list[Float64[np.ndarray, "source d_head"]]:
    """What every source brings to each of the queries and keys, as columns of one sweep."""
    columns = Columns.of(frozen)
    directions = torch.cat([read.reader.directions for read in reads])
    position = torch.tensor([read.position for read in reads], device=directions.device)
    size = len(directions) // len(reads)
    depth = torch.full((len(directions),), layer, device=directions.device)
    targets = Targets(before_attention(depth), position.repeat_interleave(size), directions)
    swept = torch.empty(len(directions), columns.count, dtype=torch.float64)
    for rows, weights in sweep(frozen, targets, len(directions)):
        swept[rows] = weights.double().cpu()
    parts = []
    for number, read in enumerate(reads):
        part = swept[number * size : (number + 1) * size]
        own = "query_bias" if number == 0 else "key_bias"
        part[:, columns.constant(own)] += read.reader.bias.double().cpu()
        part[:, columns.constant("norm_bias")] += read.reader.norm_bias.double().cpu()
        parts.append(part.T.numpy())
    return parts
