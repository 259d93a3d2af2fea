"""Propose the features of a part: those that tell an entity's values apart at a place, and matter.

Selectivity alone finds features that nothing reads; effect alone finds features that are active
in every prompt. So features are screened by how well their firing predicts the entity's value
(F1 over the rows), and the screened ones are ranked by the fall of the logit difference
(target − foil) when each is ablated by itself in the real model.

Only discovery rows may be given: test rows would make the later claims circular.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from atlas.entries.position import Position
from atlas.entries.prompts import PromptRow
from atlas.errors import BadInput
from atlas.methods.claims.answer_runs import Job, run_answers
from atlas.methods.claims.answers import metric_values
from atlas.methods.claims.instances import instances, positions
from atlas.methods.claims.row_activations import RowActivations, row_activations
from atlas.methods.claims.row_changes import Change
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class GroupSettings:
    """What a part's features must do to be proposed."""

    keyed_by: str  # the entity whose values are told apart
    position: Position  # where the features fire
    minimum_f1: float = 0.8  # of "fires here" as a test for the value, over the rows
    screened: int = 8  # features per value whose effect is measured, best F1 first
    most: int = 4  # features per value that are proposed, largest effect first
    minimum_effect: float = 0.0  # logits; features that matter less are left out
    rows_per_value: int = 24  # rows in which an effect is averaged
    layers: tuple[int, ...] = ()  # of the features; empty: all layers of the dictionary


@dataclass(frozen=True)
class Member:
    """One proposed feature: how well it tells the value, and what its ablation costs."""

    layer: int
    index: int
    f1: float  # share, 0 to 1
    activation: float  # mean where it fires on the value
    effect: float  # fall of target − foil in logits when it alone is ablated


def group_features(
    engine: tuple[LanguageModel, Dictionary], rows: Sequence[PromptRow], settings: GroupSettings
) -> dict[str, tuple[Member, ...]]:
    """Per value of the entity, the features proposed for the part, most effective first.

    Raises:
        BadInput: no row has the entity, a row is a test row, or the dictionary lacks a layer.
        EntryError: a row's text does not contain the entity at which the part acts.
    """
    if any(row.split != "discovery" for row in rows):
        raise BadInput("rows", "discovery rows only", "test rows", "choose parts on discovery rows")
    chosen = [row for row in rows if settings.keyed_by in row.entities]
    if not chosen:
        raise BadInput("rows", f"rows with the entity {settings.keyed_by}", "none")
    model, dictionary = engine
    layers = settings.layers or dictionary.layer_numbers
    if not set(layers) <= set(dictionary.layer_numbers):
        raise BadInput("layers", f"some of {list(dictionary.layer_numbers)}", f"{list(layers)}")
    observed = row_activations(model, dictionary, instances(model, chosen), layers)
    labels = [row.entities[settings.keyed_by] for row in chosen]
    widths = {layer: dictionary.features(layer) for layer in layers}
    candidates = _screen(observed, labels, widths, settings)
    return {
        value: _ranked(engine, _rows_of(observed, labels, value, settings), members, settings)
        for value, members in candidates.items()
    }


def _rows_of(
    observed: Sequence[RowActivations], labels: Sequence[str], value: str, settings: GroupSettings
) -> list[RowActivations]:
    found = [row for row, label in zip(observed, labels, strict=True) if label == value]
    return found[: settings.rows_per_value]


def _screen(
    observed: Sequence[RowActivations],
    labels: Sequence[str],
    widths: Mapping[int, int],
    settings: GroupSettings,
) -> dict[str, list[Member]]:
    """Per value, the features whose firing predicts it best, over layers of given widths."""
    values = sorted(set(labels))
    is_value = np.array([[label == value for value in values] for label in labels], dtype=float)
    found: dict[str, list[Member]] = {value: [] for value in values}
    for layer, features in widths.items():
        strength = _strength(observed, layer, features, settings)
        fires = (strength > 0).astype(float)
        hits = is_value.T @ fires
        f1 = 2 * hits / np.maximum(is_value.sum(0)[:, None] + fires.sum(0), 1)
        mean = (is_value.T @ strength) / np.maximum(hits, 1)
        for number, index in np.argwhere(f1 >= settings.minimum_f1):
            member = Member(
                layer, int(index), float(f1[number, index]), float(mean[number, index]), 0.0
            )
            found[values[number]].append(member)
    return {
        value: sorted(members, key=lambda m: (-m.f1, m.layer, m.index))[: settings.screened]
        for value, members in found.items()
    }


def _strength(
    observed: Sequence[RowActivations], layer: int, features: int, settings: GroupSettings
) -> Float64[np.ndarray, "row feature"]:
    """Each feature's largest activation over the part's positions in each row."""
    strength = np.zeros((len(observed), features))
    for number, row in enumerate(observed):
        for position in positions(row.instance, settings.position):
            active = row.at(layer, position)
            strength[number, active.index] = np.maximum(
                strength[number, active.index], active.value
            )
    return strength


def _ranked(
    engine: tuple[LanguageModel, Dictionary],
    rows: Sequence[RowActivations],
    members: Sequence[Member],
    settings: GroupSettings,
) -> tuple[Member, ...]:
    """The members with their measured effect, largest first."""
    if not members:
        return ()
    before = _difference(engine, [_job(row, None, settings) for row in rows])
    measured = []
    for member in members:
        after = _difference(engine, [_job(row, member, settings) for row in rows])
        effect = float(np.nanmean(before - after))
        if effect >= settings.minimum_effect:
            measured.append(
                Member(member.layer, member.index, member.f1, member.activation, effect)
            )
    return tuple(sorted(measured, key=lambda m: -m.effect)[: settings.most])


def _difference(
    engine: tuple[LanguageModel, Dictionary], jobs: Sequence[Job]
) -> Float64[np.ndarray, " row"]:
    return metric_values("logit_difference", "target", run_answers(*engine, jobs))


def _job(row: RowActivations, member: Member | None, settings: GroupSettings) -> Job:
    """The row's prompt, with one feature ablated at the part's positions."""
    instance = row.instance
    foil = -1 if instance.foil_id is None else instance.foil_id
    changes: tuple[Change, ...] = ()
    if member is not None:
        changes = tuple(
            Change(member.layer, member.index, position, 0.0, 0.0)
            for position in positions(instance, settings.position)
        )
    return Job(instance.ids, (instance.target_id, foil, -1), changes)
