"""All model runs that the claims about one intervention need, made in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from atlas.entries.circuit import Circuit, Intervention
from atlas.methods.claims.answer_runs import Candidates, Job, RunSettings, run_answers
from atlas.methods.claims.answers import Answers
from atlas.methods.claims.control_plan import ControlPlan, Engine, Stand, control_plan
from atlas.methods.claims.evaluation_settings import EvaluationSettings
from atlas.methods.claims.matched_sets import Push
from atlas.methods.claims.pairing import draw_number, partners, third_rows
from atlas.methods.claims.row_activations import RowActivations
from atlas.methods.claims.row_changes import HeadChange, RowChanges, row_changes

FEWEST_VALUES = 8
"""Resampling fewer values than this gives no interval: most resamples would miss one of them."""


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
    control: str  # the kind of matched control
    larger: int  # matched rows in which control sets have more members than the circuit
    wrong: Answers | None  # one entry per swap with a third row
    wrong_rows: Int64[np.ndarray, "matched third"]  # index into `wrong`, -1 where there is none


@dataclass(frozen=True)
class _Plan:
    """What to run: changes per row, control sets of the matched rows, changes by third rows."""

    rows: tuple[RowActivations, ...]
    changes: tuple[RowChanges, ...]
    candidates: tuple[Candidates, ...]
    control: ControlPlan
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
    plan = _plan(engine, circuit, intervention, observed, settings)
    how = RunSettings(settings.mode, intervention.generate)

    def run(jobs: Sequence[Job]) -> Answers:
        return run_answers(*engine, jobs, how)

    def job(row: int, changes: RowChanges | None = None, stand: Stand = ()) -> Job:
        ids = plan.rows[row].instance.ids
        if changes is None:
            pushes = tuple(each for each in stand if isinstance(each, Push))
            heads = tuple(each for each in stand if isinstance(each, HeadChange))
            return Job(ids, plan.candidates[row], pushes=pushes, heads=heads)
        return Job(ids, plan.candidates[row], changes.changes, heads=changes.heads)

    everyone, control = range(len(plan.rows)), plan.control
    pairs = list(zip(control.matched, control.sets, plan.third, strict=True))
    control_jobs = [job(row, stand=stand) for row, sets, _ in pairs for stand in sets]
    wrong_jobs = [job(row, changes) for row, _, third in pairs for changes in third]
    generator = np.random.default_rng(draw_number(settings.seed, "draws", intervention.id))
    assignments, exhaustive = control.assignments(settings.draws, generator)
    return InterventionRuns(
        intervention=intervention,
        entity=cluster_entity(
            circuit, intervention, [row.instance.row.entities for row in plan.rows]
        ),
        asked=len(observed),
        rows=plan.rows,
        before=run([job(row) for row in everyone]),
        after=run([job(row, plan.changes[row]) for row in everyone]),
        matched=np.array(control.matched, dtype=np.int64),
        controls=run(control_jobs) if control_jobs else None,
        assignments=assignments,
        exhaustive=exhaustive,
        control=control.kind,
        larger=control.larger,
        wrong=run(wrong_jobs) if wrong_jobs else None,
        wrong_rows=_numbered([len(third) for third in plan.third], settings.wrong_target_draws),
    )


def _plan(
    engine: Engine,
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
    control = ControlPlan()
    if controlled:
        control = control_plan(engine, circuit, intervention, changes, settings)
    return _Plan(
        rows=tuple(observed[row] for row in applies_to),
        changes=tuple(changes),
        candidates=tuple(_candidates(observed, row, partner_of[row]) for row in applies_to),
        control=control,
        third=tuple(
            tuple(changed(applies_to[number], third) for third in lent[applies_to[number]])
            for number in control.matched
        ),
    )


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
