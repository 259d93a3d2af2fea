"""Dashboards of every feature of some dictionaries: resumable, written whole or not at all.

The model reads the tokens once, for all layers of all dictionaries. While it runs,
`<folder>.recording` holds where features were active; the same command goes on from there. What is
written then is said by a layout (`dashboard_layouts.py`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from atlas.dashboards.dashboard_table import DashboardTable
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.files.whole import whole_folder
from atlas.methods.labelling.label_features import with_labels
from atlas.methods.labelling.own_labeller import Labelled, OwnLabeller
from atlas.methods.labelling.token_classes import TokenClasses
from atlas.methods.observation.activity_record import ActivityRecord, Source
from atlas.methods.observation.feature_activity import LayerActivity
from atlas.methods.observation.layer_dashboards import (
    ObserveSettings,
    WholeLayer,
    layer_dashboards,
    sequence_context,
)
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.runs.dashboard_layouts import LAYOUTS, SHARD_FEATURES, LayerCount, Layout, Shown
from atlas.runs.dashboard_parts import Part, join_parts, recorded_parts, remember_plan

ENTRIES_AT_ONCE = 1 << 22  # activations of a layer that stand in memory, with figures under 1 GB
PAIRS_AT_ONCE = 1 << 24  # pairs of features whose joint activity is counted: at most 200 MB

Engine = tuple[LanguageModel, Sequence[Dictionary]]


@dataclass(frozen=True)
class DashboardPlan:
    """What is written, and how."""

    layers: tuple[tuple[int, ...], ...]  # of each dictionary
    layout: Layout = "atlas"
    settings: ObserveSettings = ObserveSettings()
    made_from: str = ""  # the digest of `dashboard_key`, where there is one
    own_labels: OwnLabeller | None = None  # asked for a label of each feature


def make_dashboards(
    engine: Engine,
    labelled: LabelledTokens,
    plan: DashboardPlan,
    folder: Path,
    report: Callable[[str], None],
) -> list[LayerCount]:
    """Write dashboards of all features of some layers; `report` gets a line now and then.

    Several dictionaries get a folder each. Dashboards that are there give way to whole new ones.
    The caller holds the folder (`only_run`).

    Raises:
        BadInput: a layer that a dictionary lacks, or a recording of other tokens or another
            dictionary is under way there.
        CannotWrite: no room or no right; the recording stays.
    """
    work = folder.with_name(f"{folder.name}.recording")
    told = _begin(work, engine, labelled, plan)
    record = ActivityRecord(work / "activity", plan.layers)
    passes = plan.settings.rows_per_pass
    join_parts(folder, record, told, passes)
    rows = (passes, len(labelled.tokens))
    record.record(engine, labelled, rows, _progress(report, passes))
    counts: list[LayerCount] = []
    with whole_folder(folder) as unfinished:
        for number, dictionary in enumerate(engine[1]):
            place = unfinished / dictionary.name if len(engine[1]) > 1 else unfinished
            place.mkdir(exist_ok=True)
            own = told | {"dictionary": dictionary.name, "layers": list(plan.layers[number])}
            counts += _write(engine, (record, number), (labelled, plan), (place, own), report)
    for path in (work, *recorded_parts(folder)):
        shutil.rmtree(path)
    return counts


def record_part(
    engine: Engine,
    labelled: LabelledTokens,
    plan: DashboardPlan,
    place: tuple[Path, Part],
    report: Callable[[str], None],
) -> int:
    """Only read one part of the tokens, for `make_dashboards` to join; how many sequences.

    `place` are the folder that the dashboards will have and the part. Raises as that does.
    """
    folder, part = place
    work = part.folder(folder)
    _begin(work, engine, labelled, plan)
    start, stop = part.rows(len(labelled.tokens), plan.settings.rows_per_pass)
    record = ActivityRecord(work / "activity", plan.layers, start)
    rows = (plan.settings.rows_per_pass, stop)
    record.record(engine, labelled, rows, _progress(report, plan.settings.rows_per_pass))
    return record.rows


def _begin(
    work: Path, engine: Engine, labelled: LabelledTokens, plan: DashboardPlan
) -> dict[str, Any]:
    _check_layers(engine, plan)
    told = _told(engine, labelled, plan)
    remember_plan(work, told)
    return told


def _progress(report: Callable[[str], None], passes: int) -> Callable[[int, int], None]:
    def say(done: int, rows: int) -> None:
        if done == rows or done % (20 * passes) == 0:
            report(f"{done:,} of {rows:,} sequences read")

    return say


def _write(
    engine: Engine,
    recorded: tuple[ActivityRecord, int],
    given: tuple[LabelledTokens, DashboardPlan],
    place: tuple[Path, dict[str, Any]],
    report: Callable[[str], None],
) -> list[LayerCount]:
    """The folder of one dictionary."""
    (record, number), (labelled, plan) = recorded, given
    model, dictionary = engine[0], engine[1][number]
    context = sequence_context(model, labelled, plan.settings)
    shown = Shown(context, int(labelled.is_word().sum()))
    classes = TokenClasses.of(labelled, context.strings, plan.settings.labels.seed)
    labelling = Labelled(labelled, context, classes, plan.settings.labels)
    writer = LAYOUTS[plan.layout](place[0], place[1], context)
    counts = []
    for layer in plan.layers[number]:
        tables = _tables((model, dictionary), record, (number, layer), (shown, plan.settings))
        made = (with_labels(each, labelling, plan.own_labels) for each in tables)
        counts.append(writer.layer(layer, made))
        found = counts[-1]
        report(
            f"{dictionary.name}, layer {layer}: {found.active:,} of {found.features:,} "
            "features active"
        )
    writer.finish(counts)
    return counts


def _tables(
    engine: tuple[LanguageModel, Dictionary],
    record: ActivityRecord,
    source: Source,
    given: tuple[Shown, ObserveSettings],
) -> Iterator[DashboardTable]:
    """Dashboards of one layer, in as many portions as memory asks for."""
    shown, settings = given
    layer = source[1]
    features = engine[1].features(layer)
    counts = record.counts(source, features)
    scale = record.mean_final_scale(shown.tokens)
    for start, stop in portions(counts):
        seen = LayerActivity(layer, record.table(source, range(start, stop)), scale)
        whole = WholeLayer(counts, record.pieces(source))
        yield layer_dashboards(engine, (shown.tokens, shown.context), seen, settings, whole)


def portions(counts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of features whose activations, and whose pairs with all others, fit in memory."""
    widest = max(1, PAIRS_AT_ONCE // max(len(counts), 1))
    before = np.concatenate([[0], np.cumsum(counts)])
    start = 0
    while start < len(counts):
        fitting = int(np.searchsorted(before, before[start] + ENTRIES_AT_ONCE, side="right")) - 1
        stop = min(max(fitting, start + 1), start + widest, len(counts))
        if stop < len(counts):  # whole shards, unless one alone is too much
            stop = max(stop - stop % SHARD_FEATURES, start + SHARD_FEATURES)
        stop = min(stop, len(counts))
        yield start, stop
        start = stop


def _check_layers(engine: Engine, plan: DashboardPlan) -> None:
    for dictionary, layers in zip(engine[1], plan.layers, strict=True):
        missing = sorted(set(layers) - set(dictionary.layer_numbers))
        if missing or not layers:
            expected = f"layers among {list(dictionary.layer_numbers)}"
            raise BadInput("layers", expected, f"{missing or 'none'}")


def _told(engine: Engine, labelled: LabelledTokens, plan: DashboardPlan) -> dict[str, Any]:
    """What a recording is of."""
    tokens = np.ascontiguousarray(labelled.tokens.astype("<i4"))
    return {
        "model": engine[0].name,
        "dictionaries": [dictionary.name for dictionary in engine[1]],
        "tokens": hashlib.sha256(tokens.tobytes()).hexdigest(),
        "sequences": len(tokens),
        "layers": [list(layers) for layers in plan.layers],
        "layout": plan.layout,
        "made_from": plan.made_from,
        "own_labels": plan.own_labels.name if plan.own_labels else "",
        "settings": asdict(plan.settings),
    }
