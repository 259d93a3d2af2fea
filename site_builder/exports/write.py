"""Writes everything that other programs take from the site into its source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from site_builder.exports.api import write_api
from site_builder.records import SiteRecords


def write_exports(site: SiteRecords, redirects: Mapping[str, str], source: Path) -> None:
    """Write the API."""
    write_api(site, redirects, source)
