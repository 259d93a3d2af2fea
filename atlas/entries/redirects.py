"""Ids that were renamed, so that old links lead somewhere for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atlas.entries.ids import LibraryPath
from atlas.entries.record import Record


@dataclass(frozen=True, kw_only=True)
class Redirects(Record):
    """The file redirects.yaml: from old id to new id, each with its folder."""

    schema_version: int
    redirects: Mapping[LibraryPath, LibraryPath]
    never_published: tuple[str, ...] = ()  # dropped before there were links to them
