"""The state of an entry's reproduction, from the last night or from a run on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from atlas.entries.freshness import NEVER_RUN, STALE, STATES
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords


@dataclass(frozen=True)
class KnownState:
    """A state of `atlas.entries.freshness`, why, and of which night."""

    state: str
    reasons: tuple[str, ...] = ()
    night: date | None = None  # None: not from the journal


def known_state(site: SiteRecords, record: CircuitRecord | FeatureRecord) -> KnownState:
    """What the journal's last night says where there is a journal; else what the run here says."""
    if site.journal is not None:
        point = site.journal.latest.entries.get(entry_id(record))
        if point is None or point.state not in STATES:
            return KnownState(NEVER_RUN)
        return KnownState(point.state, point.reasons, point.night)
    if record.reproduction is not None:
        return KnownState(record.reproduction.state, record.reproduction.reasons)
    return KnownState(STALE if record.result else NEVER_RUN)


def entry_id(record: CircuitRecord | FeatureRecord) -> str:
    """An entry's full id."""
    return record.circuit.id if isinstance(record, CircuitRecord) else record.feature.id
