"""Writes everything that other programs take from the site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from site_builder.exports.api import write_api
from site_builder.exports.feeds import write_feeds
from site_builder.exports.published import published
from site_builder.exports.sitemap import write_sitemap
from site_builder.records import SiteRecords


def write_exports(site: SiteRecords, redirects: Mapping[str, str], source: Path) -> None:
    """Write into the site's source what the renderer only copies: the API and the feeds."""
    entries = published(site)
    write_api(site, entries, redirects, source)
    write_feeds(site, entries, source)


def finish_exports(site: SiteRecords, redirects: Mapping[str, str], built: Path) -> None:
    """Write into the rendered site what lists its pages."""
    write_sitemap(site, published(site), redirects, built)
