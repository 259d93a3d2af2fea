"""Dashboards of every feature of some dictionaries: their shards, and what leads to them.

`atlas dashboard --layout site` computes them; here they are only copied. A site
without them says so.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from atlas.entries.circuit import Part
from atlas.errors import MISSHAPEN, BadInput
from site_builder.address import any_feature_page, circuit_page, feature_page
from site_builder.numbers import spoken
from site_builder.pages.entry_table import score_of
from site_builder.records import CircuitRecord, DictionaryDashboards, SiteRecords

FOLDER = "dashboards"
INDEX = f"{FOLDER}/index.json"
KNOWN = "known.json"
MANIFEST = "dashboards.json"
SHARD = re.compile(r"^[0-9]+(-[0-9]+\.(shard|pairs)|\.labels)$")


def read_dashboards(folder: Path | None) -> dict[str, DictionaryDashboards]:
    """What lies under a folder as `<model>/<dictionary>/`, by `<model>/<dictionary>`.

    Raises BadInput for a manifest that no run of the atlas wrote.
    """
    found = {}
    for path in sorted(folder.glob(f"[!.]*/*/{MANIFEST}")) if folder is not None else []:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if said["layout"] != "site":
                continue
            layers = {int(each["layer"]): int(each["features"]) for each in said["layers"]}
            size, pairs = int(said["shard_features"]), int(said.get("pair_features", 0))
        except (OSError, *MISSHAPEN) as error:
            action = "compute it again with `atlas dashboard --layout site`"
            expected = "the manifest of dashboards"
            raise BadInput(str(path), expected, f"{error}"[:200], action) from error
        name = "/".join(path.parts[-3:-1])
        identity = path.parent.stat().st_ino
        found[name] = DictionaryDashboards(path.parent, size, layers, pairs, identity)
    return found


def check_unchanged(dashboards: Mapping[str, DictionaryDashboards]) -> None:
    """Raise BadInput where other dashboards took the place of those that were read.

    `atlas dashboard` may end while a site is built; half of each would be neither.
    """
    for each in dashboards.values():
        if not each.folder.is_dir() or each.folder.stat().st_ino != each.identity:
            expected, action = "the dashboards that the build began with", "build the site again"
            raise BadInput(str(each.folder), expected, "others, made meanwhile", action)


def feature_address(full: str, site: SiteRecords) -> str:
    """The page of a feature by its full id: its own, that of all features, or none (empty)."""
    if full in site.features:
        return feature_page(full)
    model, dictionary, short = full.split("/")
    known = site.dashboards.get(f"{model}/{dictionary}")
    layer, index = (int(each) for each in short.split("-"))
    return any_feature_page(full) if known and index < known.layers.get(layer, 0) else ""


def write_dashboards(site: SiteRecords, source: Path) -> None:
    """Copy the shards, and write the index of dictionaries and what is said of their features."""
    if not site.dashboards:
        return
    about = {}
    for name, each in site.dashboards.items():
        target = source / FOLDER / name
        target.mkdir(parents=True)
        try:
            for path in sorted(each.folder.iterdir()):
                if SHARD.match(path.name):
                    shutil.copyfile(path, target / path.name)
        except FileNotFoundError:
            check_unchanged(site.dashboards)
            raise
        _write(dict(known_features(name, site)), target / KNOWN)
        model = name.split("/")[0]
        about[name] = {
            "model_name": site.models[model].name if model in site.models else model,
            "shard_features": each.shard_features,
            "pair_features": each.pair_features,
            "layers": {layer: {"features": many} for layer, many in each.layers.items()},
        }
    _write({"version": 1, "dictionaries": about}, source / INDEX)


def known_features(name: str, site: SiteRecords) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the atlas says of a dictionary's features, by `layer-index`: label, page, circuits."""
    uses: dict[str, list[dict[str, Any]]] = {}
    for record in site.circuits.values():
        if f"{record.circuit.model}/{record.circuit.dictionary}" != name:
            continue
        for part in record.circuit.parts:
            use = use_of(record, part)
            for feature in part.all_features:
                uses.setdefault(str(feature), []).append(use)
    own = {
        str(record.feature.short): record
        for full, record in site.features.items()
        if full.startswith(f"{name}/")
    }
    for short in sorted({*uses, *own}):
        said: dict[str, Any] = {"uses": uses.get(short, [])}
        if short in own:
            entry = own[short].feature
            said |= {"label": entry.label, "page": feature_page(entry.id)}
            said |= {"by": ", ".join(curator.name for curator in entry.curators)}
            said |= {"score": score_of(own[short])} if score_of(own[short]) != "–" else {}
        yield short, said


def use_of(record: CircuitRecord, part: Part) -> dict[str, Any]:
    """One circuit's part, and the claims that change it."""
    circuit = record.circuit
    changing = {
        each.id for each in circuit.interventions if part.id in {step.part for step in each.steps}
    }
    claims = [
        {
            "id": claim.id,
            "statement": claim.statement,
            "verdict": spoken(record.verdicts[claim.id].word),
        }
        for claim in circuit.claims
        if claim.intervention in changing
    ]
    return {
        "title": circuit.title,
        "page": circuit_page(circuit.id),
        "part": part.label,
        "part_id": part.id,
        "verdict": spoken(record.verdict),
        "claims": claims,
    }


def _write(value: Mapping[str, Any], path: Path) -> None:
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    path.write_text(written, encoding="utf-8", newline="\n")
