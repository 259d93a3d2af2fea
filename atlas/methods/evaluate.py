"""A circuit's claims, measured on its held-out rows in the real model.

Per intervention: what it changes in each row, matched control sets, the answers before and after,
under each control set, and under swaps with a third row's values. Claims about the same
intervention share these runs; each reads its own metric off them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float64

from atlas.entries.circuit import Circuit, Claim
from atlas.entries.measurement import WRONG_TARGET, Control, Measurement
from atlas.entries.prompts import PromptRow
from atlas.errors import EntryError, ModelError
from atlas.methods.claims.answers import UNITS, metric_values
from atlas.methods.claims.bootstrap import RESAMPLES, Resamples, resamples
from atlas.methods.claims.evaluation_settings import EvaluationSettings
from atlas.methods.claims.instances import instances
from atlas.methods.claims.intervention_runs import InterventionRuns, run_intervention
from atlas.methods.claims.pairing import draw_number
from atlas.methods.claims.row_activations import RowActivations, row_activations
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

DEFAULT_SETTINGS = EvaluationSettings()


@dataclass(frozen=True)
class Effects:
    """One metric over rows, in the claim's direction: larger means more as claimed."""

    before: Float64[np.ndarray, " row"]
    after: Float64[np.ndarray, " row"]
    sign: float  # -1 where the claim says decrease

    @property
    def values(self) -> Float64[np.ndarray, " row"]:
        """The effect per row."""
        return np.asarray(self.sign * (self.after - self.before))


def measure_claims(
    model: LanguageModel,
    dictionary: Dictionary,
    circuit: Circuit,
    rows: Sequence[PromptRow],
    settings: EvaluationSettings = DEFAULT_SETTINGS,
) -> list[Measurement]:
    """A measurement for each claim, in the order of the claims.

    In float32 or float64: in half precision, rounding alone moves answers by as much as small
    effects do, and by other amounts on other machines. `rows` are the prompts to measure on: the
    circuit's test rows.

    Raises:
        EntryError: there are no rows, or an intervention cannot be carried out on them.
        ModelError: the model is in half precision, an answer is not one token, or the dictionary
            has no such layer.
    """
    if model.dtype not in (torch.float32, torch.float64):
        raise ModelError(
            f"claims of {circuit.id} on {model.name}", "float32 or float64",
            str(model.dtype).removeprefix("torch."), "half precision carries no verdict",
        )  # fmt: skip
    if not rows:
        raise EntryError(f"circuit {circuit.id}", "test rows", "none", "add rows with split test")
    layers = {feature.layer for part in circuit.parts for feature in part.all_features}
    observed = row_activations(model, dictionary, instances(model, rows), sorted(layers))
    found: dict[str, Measurement] = {}
    for intervention in circuit.interventions:
        claims = [claim for claim in circuit.claims if claim.intervention == intervention.id]
        if claims:
            runs = run_intervention((model, dictionary), circuit, intervention, observed, settings)
            for claim in claims:
                found[claim.id] = measure_claim(claim, runs, model, settings)
    return [found[claim.id] for claim in circuit.claims if claim.id in found]


def measure_claim(
    claim: Claim, runs: InterventionRuns, model: LanguageModel, settings: EvaluationSettings
) -> Measurement:
    """One claim's numbers, read off the runs of its intervention.

    Only effect claims need matched rows; others use every row that the intervention applies to.
    """
    with_control = claim.kind == "effect"
    chosen = runs.matched if with_control else np.arange(len(runs.rows))
    rows = [runs.rows[number] for number in chosen]
    if not rows:
        return _without_rows(claim, runs, model, settings)
    sign = -1.0 if claim.direction == "decrease" else 1.0
    effects = Effects(
        metric_values(claim.metric, claim.of, runs.before.take(chosen)),
        metric_values(claim.metric, claim.of, runs.after.take(chosen)),
        sign,
    )
    resampled = _resamples(rows, runs, settings)
    control = _matched_control(claim, runs, effects, resampled) if with_control else None
    wrong = None
    if with_control and claim.of == "partner_target":
        wrong = _wrong_target_control(claim, runs, effects, resampled)
    return Measurement(
        claim=claim.id,
        metric=claim.metric,
        of=claim.of,
        unit=UNITS[claim.metric],
        n=len(rows),
        before=float(effects.before.mean()),
        after=float(effects.after.mean()),
        value=float(effects.values.mean()),
        interval=resampled.interval(effects.values),
        control=control,
        wrong_target=wrong,
        mode=settings.mode,
        seed=settings.seed,
        dtype=str(model.dtype).removeprefix("torch."),
        device=model.device.type,
        matched_rows=len(runs.matched),
        unmatched_rows=runs.asked - len(rows),
        entity=runs.entity,
        entities=resampled.entities,
        templates=resampled.templates,
    )


def cluster_values(rows: Sequence[RowActivations], entity: str) -> list[str]:
    """What the bootstrap resamples besides templates: the entity's value, else the row itself."""
    return [row.instance.row.entities.get(entity, row.instance.row.id) for row in rows]


def _resamples(
    rows: Sequence[RowActivations], runs: InterventionRuns, settings: EvaluationSettings
) -> Resamples:
    return resamples(
        cluster_values(rows, runs.entity),
        [row.instance.row.template for row in rows],
        draw_number(settings.seed, "bootstrap", runs.intervention.id),
        RESAMPLES,
    )


def _matched_control(
    claim: Claim, runs: InterventionRuns, effects: Effects, resampled: Resamples
) -> Control | None:
    """The same intervention on matched sets of other features, or of other heads."""
    if runs.controls is None or runs.assignments is None:
        return None
    under_sets = metric_values(claim.metric, claim.of, runs.controls)
    per_draw = under_sets[runs.assignments.T]  # row, draw
    draws = effects.sign * (per_draw - effects.before[:, None])
    control = _control(runs.control, effects, draws, resampled, runs.exhaustive)
    return replace(control, larger_sets=runs.larger)


def _wrong_target_control(
    claim: Claim, runs: InterventionRuns, effects: Effects, resampled: Resamples
) -> Control | None:
    """The same swap with a third row's values, read at the partner's answer.

    Rows without a third row stand aside here; if none has one there is no control.
    """
    if runs.wrong is None:
        return None
    under_third = metric_values(claim.metric, claim.of, runs.wrong)
    numbers = runs.wrong_rows  # row, draw: index into `wrong`, -1 where there is no third row
    has_third = numbers[:, 0] >= 0
    if not has_third.any():
        return None
    draws = effects.sign * (under_third[numbers[has_third]] - effects.before[has_third, None])
    some = Effects(effects.before[has_third], effects.after[has_third], effects.sign)
    weights = resampled.weights[:, has_third]
    total = weights.sum(axis=1, keepdims=True)
    kept = (total > 0)[:, 0]
    thinned = Resamples(weights[kept] / total[kept], resampled.entities, resampled.templates)
    return _control(WRONG_TARGET, some, draws, thinned, exhaustive=False)


def _control(
    kind: str,
    effects: Effects,
    draws: Float64[np.ndarray, "row draw"],
    resampled: Resamples,
    exhaustive: bool,
) -> Control:
    means = draws.mean(axis=0)
    effect = effects.values.mean()
    # Rounding must not decide whether a draw did as much as the circuit.
    as_large = int(np.sum(means >= effect - 1e-9))
    return Control(
        kind=kind,
        draws=tuple(float(mean) for mean in means),
        median=float(np.median(means)),
        p_value=(1 + as_large) / (1 + len(means)),
        difference_interval=resampled.difference_interval(effects.values, draws),
        exhaustive=exhaustive,
    )


def _without_rows(
    claim: Claim, runs: InterventionRuns, model: LanguageModel, settings: EvaluationSettings
) -> Measurement:
    """What is said where no row could be matched: no rows, no effect, no control."""
    return Measurement(
        claim=claim.id, metric=claim.metric, of=claim.of, unit=UNITS[claim.metric], n=0,
        before=0.0, after=0.0, value=0.0, interval=(0.0, 0.0), control=None, wrong_target=None,
        mode=settings.mode, seed=settings.seed, dtype=str(model.dtype).removeprefix("torch."),
        device=model.device.type, matched_rows=0, unmatched_rows=runs.asked, entity=runs.entity,
    )  # fmt: skip
