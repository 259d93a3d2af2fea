"""Which matched control an intervention gets: of features, or of heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from atlas.entries.circuit import Circuit, Intervention
from atlas.entries.measurement import MATCHED, MATCHED_HEADS
from atlas.errors import EntryError
from atlas.methods.claims.evaluation_settings import EvaluationSettings
from atlas.methods.claims.head_controls import head_controls
from atlas.methods.claims.matched_sets import Push, Surroundings, control_sets, draw_assignments
from atlas.methods.claims.pairing import draw_number
from atlas.methods.claims.row_changes import HeadChange, RowChanges
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

Engine = tuple[LanguageModel, Dictionary]
Stand = tuple[Push, ...] | tuple[HeadChange, ...]
"""What one control does in one row."""


@dataclass(frozen=True)
class ControlPlan:
    """The control sets of the matched rows, and how draws are made of them."""

    kind: str = MATCHED
    matched: tuple[int, ...] = ()  # numbers of the rows that have sets
    sets: tuple[tuple[Stand, ...], ...] = ()  # per matched row
    larger: int = 0  # matched rows in which sets have more members than the circuit
    # Heads: the sets of a row are the draws, in order; whether these are all that match.
    exhaustive: bool = False

    def assignments(
        self, draws: int, generator: np.random.Generator
    ) -> tuple[Int64[np.ndarray, "draw matched"] | None, bool]:
        """Per draw and matched row the number of its set, over all sets side by side."""
        if not self.matched:
            return None, False
        counts = [len(sets) for sets in self.sets]
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        if self.kind == MATCHED_HEADS:
            return np.arange(counts[0])[:, None] + first[None, :], self.exhaustive
        picked, exhaustive = draw_assignments(counts, draws, generator)
        return picked + first[None, :], exhaustive


def control_plan(
    engine: Engine,
    circuit: Circuit,
    intervention: Intervention,
    changes: Sequence[RowChanges],
    settings: EvaluationSettings,
) -> ControlPlan:
    """The control of an intervention with these changes, row by row.

    Raises:
        EntryError: it changes features and heads at once.
    """
    parts = [circuit.part(step.part) for step in intervention.steps]
    if not any(part.heads for part in parts):
        return _of_features(engine[1], circuit, intervention, changes, settings)
    if any(part.all_features for part in parts):
        heads = ", ".join(str(head) for part in parts for head in part.heads)
        raise EntryError(
            f"circuit {circuit.id}: intervention {intervention.id}",
            "features or heads where a claim of kind effect needs a matched control",
            f"features, and heads {heads}",
            "give the heads a part and an intervention of their own",
        )
    return _of_heads(engine[0], circuit, intervention, changes, settings)


def _of_features(
    dictionary: Dictionary,
    circuit: Circuit,
    intervention: Intervention,
    changes: Sequence[RowChanges],
    settings: EvaluationSettings,
) -> ControlPlan:
    """Per row its own sets; rows in which no other active features match are not matched."""
    inside = frozenset(
        (feature.layer, feature.index) for part in circuit.parts for feature in part.all_features
    )
    surroundings = Surroundings(dictionary, inside, settings.matching)

    def generator(row_id: str) -> np.random.Generator:
        return np.random.default_rng(draw_number(settings.seed, "control", intervention.id, row_id))

    found = [
        control_sets(change, surroundings, generator(change.row.instance.row.id))
        for change in changes
    ]
    return ControlPlan(
        MATCHED,
        tuple(number for number, options in enumerate(found) if options),
        tuple(options.sets for options in found if options),
        sum(options.larger for options in found if options),
    )


def _of_heads(
    model: LanguageModel,
    circuit: Circuit,
    intervention: Intervention,
    changes: Sequence[RowChanges],
    settings: EvaluationSettings,
) -> ControlPlan:
    """The same sets in all rows; without any, no row is matched."""
    inside = frozenset((head.layer, head.head) for part in circuit.parts for head in part.heads)
    generator = np.random.default_rng(draw_number(settings.seed, "heads", intervention.id))
    limits = (settings.matching, settings.draws)
    found = head_controls(model, changes, inside, limits, generator)
    if not found.draws:
        return ControlPlan(MATCHED_HEADS)
    rows = tuple(range(len(changes)))
    sets = tuple(tuple(draw[row] for draw in found.draws) for row in rows)
    larger = len(rows) if found.larger else 0
    return ControlPlan(MATCHED_HEADS, rows, sets, larger, found.exhaustive)
