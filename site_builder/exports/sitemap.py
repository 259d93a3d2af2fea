"""`sitemap.xml`: every page under the site's address, with the day of its last change where known.

The renderer's own sitemap gives the day of the build as that of every page, so it is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from site_builder.exports.published import Published, absolute
from site_builder.records import SiteRecords

NAME = "sitemap.xml"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
NO_CONTENT = {"404.html", "search.html"}  # pages that no search engine should list


def write_sitemap(
    site: SiteRecords, entries: Sequence[Published], redirects: Mapping[str, str], built: Path
) -> None:
    """Write the sitemap of a built site; none where its address is not known."""
    (built / f"{NAME}.gz").unlink(missing_ok=True)
    (built / NAME).unlink(missing_ok=True)
    if not site.site_url:
        return
    left_out = NO_CONTENT | {f"{old}/index.html" for old in redirects}
    days = {each.page: last_change(each) for each in entries}
    pages = sorted(path.relative_to(built).as_posix() for path in built.rglob("*.html"))
    root = ElementTree.Element("urlset", {"xmlns": NAMESPACE})
    for page in pages:
        if page in left_out:
            continue
        place = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(place, "loc").text = absolute(site, quote(page))
        if page in days:
            ElementTree.SubElement(place, "lastmod").text = days[page].isoformat()
    ElementTree.indent(root)
    content = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    (built / NAME).write_bytes(content + b"\n")


def last_change(each: Published) -> date:
    """The later of the day an entry was written and the day its measurement was accepted."""
    return max(each.created, each.accepted.date()) if each.accepted else each.created
