"""Dashboards of every feature of a dictionary: resumable, written whole or not at all.

While it runs, `<folder>.recording` holds where features were active; the same command goes on from
there. The finished folder has one of two layouts:

atlas           `layer-<n>.jsonl.gz`, a dashboard per line, and `dashboards.json`
circuit-tracer  `layer_<n>.bin` and `index.json.gz`, which its viewer reads from a hub repository's
                folder `features`
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from atlas.dashboards import circuit_tracer_features as viewer
from atlas.dashboards.activity import Activity, percentiles
from atlas.dashboards.dashboard import Dashboard
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.methods.observation.activity_record import ActivityRecord
from atlas.methods.observation.layer_dashboards import (
    ObserveSettings,
    layer_dashboards,
    sequence_context,
)
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

Layout = Literal["atlas", "circuit-tracer"]
MANIFEST_FILE = "dashboards.json"
PLAN_FILE = "plan.json"


@dataclass(frozen=True)
class DashboardPlan:
    """What is written, and how."""

    layers: tuple[int, ...]
    layout: Layout = "atlas"
    settings: ObserveSettings = ObserveSettings()


@dataclass(frozen=True)
class LayerCount:
    """What was found in one layer."""

    layer: int
    features: int
    active: int  # features that were active anywhere in the file


def make_dashboards(
    engine: tuple[LanguageModel, Dictionary],
    labelled: LabelledTokens,
    plan: DashboardPlan,
    folder: Path,
    report: Callable[[str], None],
) -> list[LayerCount]:
    """Write dashboards of all features of some layers; `report` gets a line now and then.

    Raises:
        BadInput: the folder exists, a layer that the dictionary lacks, or a recording of other
            tokens or another dictionary is under way there.
    """
    if folder.exists():
        raise BadInput(str(folder), "a folder that does not exist yet", "one that does")
    missing = sorted(set(plan.layers) - set(engine[1].layer_numbers))
    if missing or not plan.layers:
        expected = f"layers among {list(engine[1].layer_numbers)}"
        raise BadInput("layers", expected, f"{missing or 'none'}")
    work = folder.with_name(f"{folder.name}.recording")
    _remember_plan(work, engine, labelled, plan)
    record = ActivityRecord(work / "activity", plan.layers)

    def say(done: int, rows: int) -> None:
        if done == rows or done % (20 * plan.settings.rows_per_pass) == 0:
            report(f"{done:,} of {rows:,} sequences read")

    record.record(engine, labelled, plan.settings.rows_per_pass, say)
    unfinished = work / "result"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    context = sequence_context(engine[0], labelled, plan.settings)
    counts = []
    for layer in plan.layers:
        seen = record.layer(layer, engine[1].features(layer), int(labelled.is_word().sum()))
        active = sum(len(activity.value) > 0 for activity in seen.features.values())
        counts.append(LayerCount(layer, len(seen.features), active))
        made = layer_dashboards(engine, (labelled, context), seen, plan.settings)
        if plan.layout == "atlas":
            _write_lines(unfinished / f"layer-{layer}.jsonl.gz", made)
        else:
            _write_records(unfinished, layer, made)
        report(f"layer {layer}: {active:,} of {len(seen.features):,} features active")
    _finish(unfinished, work, plan, counts)
    os.replace(unfinished, folder)
    shutil.rmtree(work)
    return counts


def _write_lines(path: Path, made: Iterator[tuple[Dashboard, Activity]]) -> None:
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        for dashboard, _ in made:
            line = json.dumps(dashboard.to_json(), ensure_ascii=False, separators=(",", ":"))
            file.write(line.encode() + b"\n")


def _write_records(folder: Path, layer: int, made: Iterator[tuple[Dashboard, Activity]]) -> None:
    """One layer for the viewer; where its records start waits in a file of its own."""
    records = (
        viewer.feature_record(dashboard, percentiles(activity)) for dashboard, activity in made
    )
    starts = viewer.write_layer(folder / f"layer_{layer}.bin", records)
    (folder / f"layer_{layer}.starts").write_text(json.dumps(starts), encoding="utf-8")


def _finish(folder: Path, work: Path, plan: DashboardPlan, counts: list[LayerCount]) -> None:
    """The file that says what the others hold."""
    if plan.layout == "atlas":
        told = json.loads((work / PLAN_FILE).read_text(encoding="utf-8"))
        told["layers"] = [asdict(count) for count in counts]
        (folder / MANIFEST_FILE).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        return
    offsets: list[tuple[str, list[int]]] = [("", [])] * (max(plan.layers) + 1)
    for layer in plan.layers:
        waiting = folder / f"layer_{layer}.starts"
        offsets[layer] = (f"layer_{layer}.bin", json.loads(waiting.read_text(encoding="utf-8")))
        waiting.unlink()
    viewer.write_index(folder, offsets)


def _remember_plan(
    work: Path,
    engine: tuple[LanguageModel, Dictionary],
    labelled: LabelledTokens,
    plan: DashboardPlan,
) -> None:
    """Keep beside the recording what it is of, so that nothing else goes on from it."""
    tokens = np.ascontiguousarray(labelled.tokens.astype("<i4"))
    wanted = {
        "model": engine[0].name,
        "dictionary": engine[1].name,
        "tokens": hashlib.sha256(tokens.tobytes()).hexdigest(),
        "sequences": len(tokens),
        "layers": list(plan.layers),
        "layout": plan.layout,
        "settings": asdict(plan.settings),
    }
    path = work / PLAN_FILE
    work.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in wanted if kept.get(key) != wanted[key])
        if changed:
            action = "go on as before, or delete it"
            found = f"another {' and another '.join(changed)}"
            raise BadInput(str(work), "the recording that this run goes on with", found, action)
    path.write_text(json.dumps(wanted), encoding="utf-8")
