"""Reads the library into the records that pages are made from; verdicts are derived here.

Only the accepted baseline decides what a page says. A newer result in the cache of runs adds the
state of the latest run and its executed notebook, never another number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from atlas.dashboards.dashboard import Dashboard
from atlas.entries.circuit import Circuit
from atlas.entries.evidence import (
    Verdict,
    derive_verdict,
    derive_verdicts,
    entry_verdict,
    may_replicate,
)
from atlas.entries.feature import Feature
from atlas.entries.feature_evidence import LABEL, STEERING, label_verdict, steering_claim
from atlas.entries.freshness import Reproduction, Run, reproduction_state
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.entries.retrained import current_retrainings
from atlas.entries.vocabulary import Term
from atlas.errors import MISSHAPEN, EntryError
from site_builder.records import RESULT, CircuitRecord, FeatureRecord, SiteRecords


def read_site(library: Library, results: Path | None, addresses: Mapping[str, str]) -> SiteRecords:
    """Every entry with its accepted measurements; `addresses` may hold repo_url and site_url."""
    circuits = {each: read_circuit(library, each, results) for each in library.circuits}
    used: dict[str, list[tuple[str, str]]] = {}
    for record in circuits.values():
        for part in record.circuit.parts:
            for feature in part.all_features:
                full = f"{record.circuit.model}/{record.circuit.dictionary}/{feature}"
                used.setdefault(full, []).append((record.circuit.id, part.id))
    features = {
        each: read_feature(library, each, results, tuple(used.get(each, ())))
        for each in library.features
    }
    return SiteRecords(
        circuits=circuits,
        features=features,
        models=dict(library.models),
        resources=dict(library.resources),
        domains=terms(library, "domains"),
        behaviours=terms(library, "behaviours"),
        roles=terms(library, "roles"),
        library=library.root,
        repo_url=addresses.get("repo_url", ""),
        site_url=addresses.get("site_url", ""),
        notebooks_commit=addresses.get("notebooks_commit", ""),
    )


def terms(library: Library, vocabulary: str) -> dict[str, Term]:
    """A vocabulary's terms by id; none where the library has no such vocabulary."""
    if vocabulary not in library.vocabularies:
        return {}
    return {term.id: term for term in library.vocabularies[vocabulary]}


def read_circuit(library: Library, circuit_id: str, results: Path | None) -> CircuitRecord:
    """One circuit with its accepted measurements."""
    circuit = library.circuits[circuit_id]
    baseline = read_result(library.baseline(circuit))
    measured = measurements(baseline, circuit_id)
    verdicts = derive_verdicts(circuit.claims, measured)
    graph = library.graph_path(circuit)
    folder = results / circuit_id if results else None
    return CircuitRecord(
        circuit=circuit,
        file=relative_file(library, library.circuits.paths[circuit_id]),
        prompts=library.prompts(circuit) if library.prompts_path(circuit).is_file() else (),
        measurements=measured,
        verdicts=verdicts,
        verdict=entry_verdict(list(verdicts.values()), replicates(circuit, library)),
        result=baseline,
        reproduction=latest_run(baseline, measured, folder),
        graph_file=graph if graph.is_file() else None,
        notebook_file=existing(folder, "notebook.ipynb"),
        retrained=current_retrainings(library, circuit),
        run_folder=folder if folder and folder.is_dir() else None,
    )


def read_feature(
    library: Library, feature_id: str, results: Path | None, used: tuple[tuple[str, str], ...]
) -> FeatureRecord:
    """One feature with its accepted result."""
    feature = library.features[feature_id]
    baseline = read_result(library.baseline(feature))
    measured = measurements(baseline, feature_id)
    folder = results / feature.feature_id.folder_name if results else None
    verdicts = feature_verdicts(feature, baseline, measured.get(STEERING))
    return FeatureRecord(
        feature=feature,
        file=relative_file(library, library.features.paths[feature_id]),
        result=baseline,
        steering=measured.get(STEERING),
        verdicts=verdicts,
        verdict=entry_verdict(list(verdicts.values())),
        reproduction=latest_run(baseline, measured, folder),
        dashboard=read_dashboard(baseline),
        used_by=used,
        notebook_file=existing(folder, "notebook.ipynb"),
    )


def relative_file(library: Library, path: Path) -> str:
    """An entry's file from the library's root, with slashes."""
    return path.relative_to(library.root).as_posix()


def existing(folder: Path | None, name: str) -> Path | None:
    """The file of that name in the folder, if there is one."""
    return folder / name if folder and (folder / name).is_file() else None


def read_result(path: Path) -> RESULT:
    """The JSON of a reproduction; empty if there is no file. Raises EntryError if it is no JSON."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except MISSHAPEN as error:
        raise EntryError(str(path), "JSON", str(error), "run `atlas reproduce --accept`") from error
    return found if isinstance(found, dict) else {}


def measurements(result: RESULT, where: str) -> dict[str, Measurement]:
    """A result's measurements by the claim that they decide."""
    read = [Measurement.from_json(each, where) for each in result.get("measurements", ())]
    return {each.claim: each for each in read}


def replicates(circuit: Circuit, library: Library) -> bool:
    """Whether agreement would count as a replication of a publication on a public model."""
    kind = library.models[circuit.model].kind if circuit.model in library.models else "public"
    for source in circuit.sources:
        resource = library.resources.get(source.resource)
        published = "publication" if resource is not None and resource.is_publication else ""
        if may_replicate(source.relation, published, kind):
            return True
    return False


def feature_verdicts(
    feature: Feature, result: RESULT, steering: Measurement | None
) -> dict[str, Verdict]:
    """The verdicts on a feature's label and on its steering claim."""
    verdicts = {}
    if feature.predicate is not None:
        verdicts[LABEL] = label_verdict(feature, feature_part(result, "score"))
    if feature.steering is not None:
        verdicts[STEERING] = derive_verdict(steering_claim(feature), steering)
    return verdicts


def feature_part(result: RESULT, name: str) -> Any:
    """One field of what a result says about a feature."""
    known = result.get("feature")
    return known.get(name) if isinstance(known, Mapping) else None


def read_dashboard(result: RESULT) -> Dashboard | None:
    """What is known about where a feature is active; None where it was not observed."""
    found = feature_part(result, "dashboard")
    return Dashboard.from_json(found) if found is not None else None


def latest_run(
    baseline: RESULT, accepted: Mapping[str, Measurement], folder: Path | None
) -> Reproduction | None:
    """How the newest run in the cache compares with the baseline; None where there was none."""
    path = existing(folder, "result.json")
    if path is None or not baseline:
        return None
    fresh = read_result(path)
    run = Run(
        measurements=measurements(fresh, str(path)),
        current=digest_of(fresh) == digest_of(baseline),
        started=started(fresh),
    )
    return reproduction_state(accepted, run)


def digest_of(result: RESULT) -> Any:
    """The digest of the entry that was measured."""
    provenance = result.get("provenance")
    return provenance.get("entry_digest") if isinstance(provenance, Mapping) else None


def started(result: RESULT) -> datetime | None:
    """When a run started."""
    provenance = result.get("provenance")
    run = provenance.get("run") if isinstance(provenance, Mapping) else None
    try:
        return datetime.fromisoformat(str(run["started"])) if isinstance(run, Mapping) else None
    except (KeyError, ValueError):
        return None
