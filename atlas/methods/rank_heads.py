"""Which attention heads carry something from one place of a prompt to another, and matter.

A head that looks there need not matter, and one that matters need not look there. So two numbers
are measured for each head on discovery rows: how much of its attention goes from the query's place
to the key's, and what the answer loses when only that view is cut (that entry of the pattern is
set to 0 and nothing else is touched; "attention knockout", Geva et al. 2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from atlas.entries.position import Position
from atlas.entries.prompts import PromptRow
from atlas.errors import BadInput
from atlas.methods.claims.instances import Instance, instances, positions
from atlas.methods.claims.row_activations import padded
from atlas.models.language_model import Edit, LanguageModel
from atlas.models.sites import Site


@dataclass(frozen=True)
class HeadSettings:
    """Between which places the heads are watched."""

    key: Position  # what is looked at
    query: Position = Position("last")  # the place that looks
    # Only rows whose entities have these values, so that a place means the same in all of them.
    where: Mapping[str, str] = field(default_factory=dict)
    most_rows: int = 200  # rows in which both numbers are averaged, the first ones


@dataclass(frozen=True)
class RankedHead:
    """One head's part in carrying something from the key's place to the query's."""

    layer: int
    head: int
    attention: float  # mean entry of the pattern, 0 to 1
    effect: float  # mean fall of target − foil in logits when this view is cut


@dataclass(frozen=True, eq=False)
class _Batch:
    ids: Int64[np.ndarray, "row position"]
    last: Int64[np.ndarray, " row"]
    query: Int64[np.ndarray, " row"]
    key: Int64[np.ndarray, " row"]
    target: Int64[np.ndarray, " row"]
    foil: Int64[np.ndarray, " row"]


def rank_heads(
    model: LanguageModel, rows: Sequence[PromptRow], settings: HeadSettings
) -> tuple[RankedHead, ...]:
    """Every head, those whose view matters most first.

    Raises:
        BadInput: a test row, no row with a foil, or a place that is more than one position.
        EntryError: a row's text does not contain the entity at which a place lies.
    """
    if any(row.split != "discovery" for row in rows):
        raise BadInput("rows", "discovery rows only", "test rows", "choose heads on discovery rows")
    wanted = settings.where.items()
    fitting = [row for row in rows if row.foil and wanted <= row.entities.items()]
    if not fitting:
        raise BadInput("rows", "discovery rows with a foil", "none", "check the entities asked for")
    batch = _batch(instances(model, fitting[: settings.most_rows]), settings)
    patterns = [(Site.ATTENTION_PATTERN, layer) for layer in range(model.layers)]
    clean = model.run(torch.from_numpy(batch.ids), read=patterns)
    lead = _lead(clean.logits, batch)
    row = np.arange(len(batch.ids))
    found = []
    for layer, place in enumerate(patterns):
        views = clean.values[place].cpu().numpy()[row, :, batch.query, batch.key]
        for head in range(model.heads):
            edit = _cut(head, batch)
            logits = model.run(torch.from_numpy(batch.ids), edits={place: edit}).logits
            effect = float((lead - _lead(logits, batch)).mean())
            found.append(RankedHead(layer, head, float(views[:, head].mean()), effect))
    return tuple(sorted(found, key=lambda one: -one.effect))


def _batch(rows: Sequence[Instance], settings: HeadSettings) -> _Batch:
    ids, lengths = padded([row.ids for row in rows])
    return _Batch(
        ids=ids,
        last=lengths - 1,
        query=_places(rows, settings.query),
        key=_places(rows, settings.key),
        target=np.array([row.target_id for row in rows], dtype=np.int64),
        foil=np.array([row.foil_id for row in rows], dtype=np.int64),
    )


def _places(rows: Sequence[Instance], position: Position) -> Int64[np.ndarray, " row"]:
    if position.kind == "any":
        raise BadInput("place", "last, an entity or an index", "any", "name one position")
    return np.array([positions(row, position)[0] for row in rows], dtype=np.int64)


def _lead(
    logits: Float[Tensor, "row position d_vocab"], batch: _Batch
) -> Float64[np.ndarray, " row"]:
    """The answer's logit minus the foil's, row by row."""
    row = np.arange(len(batch.last))
    at_end = logits.double().cpu().numpy()[row, batch.last]
    lead: Float64[np.ndarray, " row"] = at_end[row, batch.target] - at_end[row, batch.foil]
    return lead


def _cut(head: int, batch: _Batch) -> Edit:
    """Takes one entry out of one head's pattern in every row."""
    row = torch.arange(len(batch.ids))
    query, key = torch.from_numpy(batch.query), torch.from_numpy(batch.key)

    def edit(pattern: Tensor) -> Tensor:
        changed = pattern.clone()
        changed[row, head, query, key] = 0
        return changed

    return edit
