"""Writes everything that other programs take from the site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from site_builder.exports.api import api_file, entry_values, write_api
from site_builder.exports.badge import SHIELDS_FILE, SVG_FILE, badge_svg, shields_values
from site_builder.exports.card_files import CARD_FILE, SITE_CARD, entry_card, write_card
from site_builder.exports.citations import BIBTEX_FILE, CSL_FILE, bibtex_text, csl_items
from site_builder.exports.feeds import write_feeds
from site_builder.exports.published import Published, published
from site_builder.exports.sitemap import write_sitemap
from site_builder.json_files import write_json
from site_builder.records import SiteRecords

KEPT_CARDS = "cards"  # beside the site's source, so that the next build finds them


def write_entry(each: Published, site: SiteRecords, source: Path) -> None:
    """Write the files of one entry into the site's source."""
    folder = source / each.folder
    folder.mkdir(parents=True, exist_ok=True)
    write_json(entry_values(each, site), source / api_file(each.kind, each.id))
    write_json(csl_items(each, site), folder / CSL_FILE)
    (folder / BIBTEX_FILE).write_text(bibtex_text(each, site), encoding="utf-8", newline="\n")
    write_json(shields_values(each, site), folder / SHIELDS_FILE)
    (folder / SVG_FILE).write_text(badge_svg(each, site), encoding="utf-8", newline="\n")
    if site.site_url:
        write_card(entry_card(each, site), folder / CARD_FILE, source.parent / KEPT_CARDS)


def write_exports(site: SiteRecords, redirects: Mapping[str, str], source: Path) -> None:
    """Write into the site's source what is of all entries: the API's lists, feeds, one card."""
    entries = published(site)
    write_api(site, entries, redirects, source)
    write_feeds(site, entries, source)
    if site.site_url:
        write_card(SITE_CARD, source / CARD_FILE, source.parent / KEPT_CARDS)


def finish_exports(site: SiteRecords, redirects: Mapping[str, str], built: Path) -> None:
    """Write into the rendered site what lists its pages."""
    write_sitemap(site, published(site), redirects, built)
