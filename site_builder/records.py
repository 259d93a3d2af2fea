"""What the pages are made from: entries joined with their accepted measurements and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atlas.dashboards.dashboard import Dashboard
from atlas.entries.circuit import Circuit
from atlas.entries.evidence import Verdict
from atlas.entries.feature import Feature
from atlas.entries.freshness import Reproduction
from atlas.entries.journal import Journal
from atlas.entries.measurement import Measurement
from atlas.entries.model import Model
from atlas.entries.prompts import PromptRow
from atlas.entries.resource import Resource
from atlas.entries.retrained import Retraining
from atlas.entries.vocabulary import Term

RESULT = Mapping[str, Any]  # the JSON of a reproduction


@dataclass(frozen=True)
class CircuitRecord:
    """A circuit with everything that is known about it."""

    circuit: Circuit
    file: str  # from the library's root
    prompts: tuple[PromptRow, ...]
    measurements: Mapping[str, Measurement]
    verdicts: Mapping[str, Verdict]
    verdict: str
    result: RESULT = field(default_factory=dict)
    reproduction: Reproduction | None = None
    graph_file: Path | None = None
    notebook_file: Path | None = None  # executed, if it was
    retrained: tuple[Retraining, ...] = ()  # those that were asked what the entry asks today
    run_folder: Path | None = None  # what the last run in the cache left


@dataclass(frozen=True)
class FeatureRecord:
    """A feature with its accepted result and the circuits that use it."""

    feature: Feature
    file: str
    result: RESULT
    steering: Measurement | None
    verdicts: Mapping[str, Verdict]  # of the label and of the steering claim
    verdict: str
    reproduction: Reproduction | None = None
    dashboard: Dashboard | None = None
    used_by: tuple[tuple[str, str], ...] = ()  # (circuit, part)
    notebook_file: Path | None = None


@dataclass(frozen=True)
class DictionaryDashboards:
    """Shards of the dashboards of a dictionary's features."""

    folder: Path
    shard_features: int  # of one shard
    layers: Mapping[int, int]  # the number of features of each
    pair_features: int = 0  # of one file for comparing features; 0 where there are none
    identity: int = 0  # of the folder on disk, which other dashboards of this name do not have


@dataclass(frozen=True)
class SiteRecords:
    """Every entry of the library, joined; what pages look each other up in."""

    circuits: Mapping[str, CircuitRecord]
    features: Mapping[str, FeatureRecord]  # by full id
    models: Mapping[str, Model]
    resources: Mapping[str, Resource]
    domains: Mapping[str, Term]
    behaviours: Mapping[str, Term]
    roles: Mapping[str, Term]
    library: Path
    repo_url: str = ""
    site_url: str = ""
    journal: Journal | None = None  # of the nightly runs
    notebooks_commit: str = ""  # of the branch `notebooks`, where filled notebooks are published
    # By `<model>/<dictionary>`; empty where none were computed.
    dashboards: Mapping[str, DictionaryDashboards] = field(default_factory=dict)

    def kind_of(self, model: str) -> str:
        """`microworld` or `public`, from the model's entry."""
        return self.models[model].kind if model in self.models else "public"
