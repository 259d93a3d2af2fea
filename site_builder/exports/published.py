"""One entry, circuit or feature, in the words that every export shares."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from atlas.entries.circuit import Circuit
from atlas.entries.credit import Curator, Source
from atlas.entries.evidence import Verdict
from atlas.entries.feature import Feature
from atlas.entries.measurement import Measurement
from atlas.errors import EntryError
from site_builder.address import circuit_page, feature_page
from site_builder.reading import started
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords

NAME = "LLM Circuits Atlas"  # as feeds, catalogs and citations say it


@dataclass(frozen=True)
class Published:
    """An entry with what is known about it."""

    record: CircuitRecord | FeatureRecord

    @property
    def entry(self) -> Circuit | Feature:
        """What its curators wrote."""
        record = self.record
        return record.circuit if isinstance(record, CircuitRecord) else record.feature

    @property
    def kind(self) -> str:
        """`circuit` or `feature`."""
        return "circuit" if isinstance(self.record, CircuitRecord) else "feature"

    @property
    def id(self) -> str:
        """Its id; a feature's is `<model>/<dictionary>/<layer>-<index>`."""
        return self.entry.id

    @property
    def title(self) -> str:
        """A circuit's title, a feature's label."""
        entry = self.entry
        return entry.title if isinstance(entry, Circuit) else entry.label

    @property
    def cited_title(self) -> str:
        """The title as citations give it: a feature's label alone says too little."""
        return self.title if self.kind == "circuit" else f"{self.title} (feature {self.id})"

    @property
    def summary(self) -> str:
        """A sentence or more about it; empty where a feature has none."""
        entry = self.entry
        return entry.summary if isinstance(entry, Circuit) else entry.description

    @cached_property
    def page(self) -> str:
        """Its page, from the site's root."""
        return circuit_page(self.id) if self.kind == "circuit" else feature_page(self.id)

    @property
    def folder(self) -> str:
        """Where the files beside its page lie, from the site's root."""
        return posixpath.dirname(self.page)

    @property
    def file_name(self) -> str:
        """Its id as the name of a file."""
        return self.id.replace("/", "-")

    @property
    def curators(self) -> tuple[Curator, ...]:
        """Who answers for it."""
        return self.entry.curators

    @property
    def sources(self) -> tuple[Source, ...]:
        """What it draws on."""
        return self.entry.sources

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict on each claim."""
        return self.record.verdicts

    @property
    def measurements(self) -> Mapping[str, Measurement]:
        """The accepted measurement of each claim."""
        record = self.record
        if isinstance(record, CircuitRecord):
            return record.measurements
        return {record.steering.claim: record.steering} if record.steering else {}

    @property
    def created(self) -> date:
        """The day that its curators give. Raises EntryError for a day that no calendar has."""
        try:
            return date.fromisoformat(self.entry.created)
        except ValueError as error:
            where = f"{self.record.file}: created"
            raise EntryError(where, "a day, year-month-day", self.entry.created) from error

    @property
    def accepted(self) -> datetime | None:
        """When the accepted measurement started; None where nothing was measured."""
        return started(self.record.result)


def published(site: SiteRecords) -> list[Published]:
    """Every circuit, then every feature."""
    circuits = [Published(each) for each in site.circuits.values()]
    return circuits + [Published(each) for each in site.features.values()]


def absolute(site: SiteRecords, path: str) -> str:
    """The web address of a file of the site; empty where the site's own is not known."""
    return f"{site.site_url.rstrip('/')}/{path}" if site.site_url else ""
