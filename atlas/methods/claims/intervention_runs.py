"""All model runs that the claims about one intervention need, made in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from atlas.entries.circuit import Circuit, Intervention
from atlas.errors import EntryError
from atlas.methods.claims.answer_runs import Candidates, Job, RunSettings, run_answers
from atlas.methods.claims.answers import Answers
from atlas.methods.claims.matched_sets import (
    ControlSet,
    ControlSets,
    MatchingSettings,
    Surroundings,
    control_sets,
    draw_assignments,
)
from atlas.methods.claims.pairing import draw_number, partners, third_rows
from atlas.methods.claims.row_activations import RowActivations
from atlas.methods.claims.row_changes import RowChanges, row_changes
from atlas.methods.intervene import Mode
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

Engine = tuple[LanguageModel, Dictionary]

FEWEST_VALUES = 8
"""Resampling fewer values than this gives no interval: most resamples would miss one of them."""


@dataclass(frozen=True)
class EvaluationSettings:
    """How claims are measured."""

    draws: int = 50  # of the matched control; fewer cannot give evidence
    wrong_target_draws: int = 5  # third rows per row
    seed: int = 0  # of partners, control draws and resamples
    matching: MatchingSettings = MatchingSettings()
    mode: Mode = "iterative"  # the real model; other modes only stand beside


@dataclass(frozen=True)
class InterventionRuns:
    """The answers of one intervention's runs.

    `before` and `after` have one entry per row in `rows`; `matched` are the rows that have control
    sets, and `assignments`, `wrong_rows` go over those.
    """

    intervention: Intervention
    entity: str  # whose values the bootstrap resamples; "" for the rows themselves
    asked: int  # rows that were given
    rows: tuple[RowActivations, ...]  # those to which the intervention applies
    before: Answers
    after: Answers
    matched: Int64[np.ndarray, " matched"]
    controls: Answers | None  # one entry per control set, those of a row side by side
    assignments: Int64[np.ndarray, "draw matched"] | None  # index into `controls`
    exhaustive: bool  # the draws are all that exist
    larger: int  # matched rows in which control sets have more features than the circuit
    wrong: Answers | None  # one entry per swap with a third row
    wrong_rows: Int64[np.ndarray, "matched third"]  # index into `wrong`, -1 where there is none


@dataclass(frozen=True)
class _Plan:
    """What to run: changes per row, control sets of the matched rows, changes by third rows."""

    rows: tuple[RowActivations, ...]
    changes: tuple[RowChanges, ...]
    candidates: tuple[Candidates, ...]
    matched: tuple[int, ...]
    sets: tuple[tuple[ControlSet, ...], ...]  # per matched row
    larger: int  # matched rows in which sets have more features than the circuit
    third: tuple[tuple[RowChanges, ...], ...]  # per matched row


def run_intervention(
    engine: Engine,
    circuit: Circuit,
    intervention: Intervention,
    observed: Sequence[RowActivations],
    settings: EvaluationSettings,
) -> InterventionRuns:
    """The intervention and its controls on the observed rows.

    Raises:
        EntryError: a step cannot be carried out in a row.
    """
    plan = _plan(engine[1], circuit, intervention, observed, settings)
    how = RunSettings(settings.mode, intervention.generate)

    def run(jobs: Sequence[Job]) -> Answers:
        return run_answers(*engine, jobs, how)

    def job(row: int, changes: RowChanges | None = None, pushes: ControlSet = ()) -> Job:
        ids = plan.rows[row].instance.ids
        if changes is None:
            return Job(ids, plan.candidates[row], pushes=pushes)
        return Job(ids, plan.candidates[row], changes.changes, pushes, changes.heads)

    everyone = range(len(plan.rows))
    pairs = list(zip(plan.matched, plan.sets, plan.third, strict=True))
    control_jobs = [job(row, pushes=pushes) for row, sets, _ in pairs for pushes in sets]
    wrong_jobs = [job(row, changes) for row, _, third in pairs for changes in third]
    assignments, exhaustive = _assignments(plan, intervention, settings)
    return InterventionRuns(
        intervention=intervention,
        entity=cluster_entity(
            circuit, intervention, [row.instance.row.entities for row in plan.rows]
        ),
        asked=len(observed),
        rows=plan.rows,
        before=run([job(row) for row in everyone]),
        after=run([job(row, plan.changes[row]) for row in everyone]),
        matched=np.array(plan.matched, dtype=np.int64),
        controls=run(control_jobs) if control_jobs else None,
        assignments=assignments,
        exhaustive=exhaustive,
        larger=plan.larger,
        wrong=run(wrong_jobs) if wrong_jobs else None,
        wrong_rows=_numbered([len(third) for third in plan.third], settings.wrong_target_draws),
    )


def _plan(
    dictionary: Dictionary,
    circuit: Circuit,
    intervention: Intervention,
    observed: Sequence[RowActivations],
    settings: EvaluationSettings,
) -> _Plan:
    prompts = [row.instance.row for row in observed]
    partner_of: list[int | None] = [None] * len(observed)
    lent: list[tuple[int, ...]] = [()] * len(observed)
    rule = intervention.partner
    applies = range(len(observed))
    if rule is not None:
        partner_of = partners(rule, prompts, settings.seed)
        lent = third_rows(rule, prompts, partner_of, settings.wrong_target_draws, settings.seed)
        applies_to = [number for number in applies if partner_of[number] is not None]
    else:
        applies_to = list(applies)

    def changed(row: int, lender: int | None) -> RowChanges:
        other = None if lender is None else observed[lender]
        return row_changes(circuit, intervention, observed[row], other)

    changes = [changed(row, partner_of[row]) for row in applies_to]
    controlled = any(
        claim.kind == "effect" for claim in circuit.claims if claim.intervention == intervention.id
    )
    if controlled:
        _check_control(circuit, intervention)
    sets = _control_sets(dictionary, circuit, changes, intervention, settings) if controlled else []
    matched = [number for number, options in enumerate(sets) if options]
    return _Plan(
        rows=tuple(observed[row] for row in applies_to),
        changes=tuple(changes),
        candidates=tuple(_candidates(observed, row, partner_of[row]) for row in applies_to),
        matched=tuple(matched),
        sets=tuple(found.sets for found in sets if found),
        larger=sum(found.larger for found in sets if found),
        third=tuple(
            tuple(changed(applies_to[number], third) for third in lent[applies_to[number]])
            for number in matched
        ),
    )


def _check_control(circuit: Circuit, intervention: Intervention) -> None:
    """Refuse an effect claim on heads: no control meets the rules that evidence has.

    The control of heads would be as many other heads of the same layer whose write is as large.
    A layer has a handful, the same ones in every row, and their writes keep a ratio: few rows
    match, and draws that mix them from row to row are not different controls.
    """
    heads = [str(head) for step in intervention.steps for head in circuit.part(step.part).heads]
    if heads:
        raise EntryError(
            f"circuit {circuit.id}: intervention {intervention.id}",
            "features only where a claim of kind effect needs a matched control",
            f"heads {', '.join(heads)}",
            "claim a demonstration or no_effect for heads, and effects for features",
        )


def _control_sets(
    dictionary: Dictionary,
    circuit: Circuit,
    changes: Sequence[RowChanges],
    intervention: Intervention,
    settings: EvaluationSettings,
) -> list[ControlSets | None]:
    """Per row its control sets; None where no other active features match."""
    inside = frozenset(
        (feature.layer, feature.index) for part in circuit.parts for feature in part.all_features
    )
    surroundings = Surroundings(dictionary, inside, settings.matching)

    def generator(row_id: str) -> np.random.Generator:
        return np.random.default_rng(draw_number(settings.seed, "control", intervention.id, row_id))

    return [
        control_sets(change, surroundings, generator(change.row.instance.row.id))
        for change in changes
    ]


def _assignments(
    plan: _Plan, intervention: Intervention, settings: EvaluationSettings
) -> tuple[Int64[np.ndarray, "draw matched"] | None, bool]:
    """Per draw and matched row the number of its control set, over all sets side by side."""
    if not plan.matched:
        return None, False
    counts = [len(sets) for sets in plan.sets]
    generator = np.random.default_rng(draw_number(settings.seed, "draws", intervention.id))
    picked, exhaustive = draw_assignments(counts, settings.draws, generator)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return picked + first[None, :], exhaustive


def _numbered(counts: Sequence[int], width: int) -> Int64[np.ndarray, "matched third"]:
    """Numbers of each row's third rows, repeated to the same width; -1 where there is none."""
    numbers: np.ndarray = np.full((len(counts), width), -1, dtype=np.int64)
    first = 0
    for row, count in enumerate(counts):
        if count:
            numbers[row] = first + np.arange(width) % count
        first += count
    return numbers


def _candidates(observed: Sequence[RowActivations], row: int, partner: int | None) -> Candidates:
    instance = observed[row].instance
    foil = -1 if instance.foil_id is None else instance.foil_id
    return instance.target_id, foil, -1 if partner is None else observed[partner].instance.target_id


def cluster_entity(
    circuit: Circuit, intervention: Intervention, rows: Sequence[Mapping[str, str]]
) -> str:
    """The entity whose values the bootstrap resamples: what the rows' effects depend on most.

    The key of the first changed part, else what partners differ in, else the entity at whose
    position a changed part acts, else the rows' entity with the fewest values; of these the first
    that has enough values to resample. Without one, every row stands for itself. `rows` are the
    rows' entities.
    """
    parts = [circuit.part(step.part) for step in intervention.steps]
    named = [part.keyed_by for part in parts]
    named += list(intervention.partner.differs_in) if intervention.partner else []
    named += [part.position.entity for part in parts]
    names = {name for row in rows for name in row}
    counts = {name: len({row.get(name, "") for row in rows}) for name in names}
    named += sorted(counts, key=lambda name: (counts[name], name))
    return next((name for name in named if counts.get(name, 0) >= FEWEST_VALUES), "")
