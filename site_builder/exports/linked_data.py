"""What search engines read of a page: JSON-LD in the words of schema.org.

The site is a `DataCatalog`, an entry a `Dataset` in it, its notebook `SoftwareSourceCode`.
Addresses are whole where the site's own is known; else they are relative to the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from atlas.entries.credit import Curator
from site_builder.address import HOME, notebook_page, relative
from site_builder.exports.api import CATALOG, api_file
from site_builder.exports.published import NAME, Published, absolute
from site_builder.exports.sitemap import last_change
from site_builder.json_files import without_controls
from site_builder.page import DESCRIPTION_LENGTH
from site_builder.pages.credit import ORCID, resource_address
from site_builder.records import SiteRecords

VOCABULARY = "https://schema.org"
SHORTEST_DESCRIPTION = 50  # characters: what search engines ask of a data set
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
CODE_LICENCE = "https://spdx.org/licenses/MIT"
# Characters that could end the element or the line, as JSON may write them instead.
ESCAPED = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}

Values = dict[str, Any]


def script_text(values: Mapping[str, Any]) -> str:
    """JSON that can stand in a `script` element: nothing in it can end the element."""
    written = json.dumps(without_controls(values), ensure_ascii=False, separators=(",", ":"))
    return written.encode("utf-8", "replace").decode("utf-8").translate(ESCAPED)


def home_data(site: SiteRecords) -> Values:
    """The whole atlas, on its first page."""
    return {
        "@context": VOCABULARY,
        "@type": "DataCatalog",
        "name": NAME,
        "url": address(site, HOME, HOME),
        "description": (
            "Circuits and features of open-weight language models, with claims that anyone can "
            "measure again, what was measured, and the verdicts that follow."
        ),
        "license": LICENCES["CC-BY-4.0"],
        "encoding": download("application/json", address(site, HOME, CATALOG), "MediaObject"),
    }


def entry_data(each: Published, site: SiteRecords) -> Values:
    """A circuit or a feature, as a data set."""
    entry, here = each.entry, each.page
    data = address(site, here, api_file(each.kind, each.id))
    files = [download("application/json", data)]
    if each.record.notebook_file is not None:
        notebook = address(site, here, f"{each.folder}/notebook.ipynb")
        files.append(download("application/x-ipynb+json", notebook))
    model = site.models[entry.model].name if entry.model in site.models else entry.model
    values: Values = {
        "@context": VOCABULARY,
        "@type": "Dataset",
        "name": each.cited_title,
        "description": description(each, model),
        "identifier": f"{each.kind}s/{each.id}",
        "url": address(site, here, here),
        "license": LICENCES.get(entry.licence, entry.licence),
        "creator": [person(curator) for curator in each.curators],
        "dateCreated": entry.created,
        "dateModified": last_change(each).isoformat(),
        "includedInDataCatalog": {"@type": "DataCatalog", "url": address(site, here, HOME)},
        "distribution": files,
        "keywords": [each.kind, model],
    }
    cited = [work(source.resource, site) for source in each.sources]
    return values | ({"citation": cited} if cited else {})


def notebook_data(each: Published, site: SiteRecords) -> Values:
    """The executed notebook of an entry, as source code."""
    here = notebook_page(each.page)
    about = {"@type": "Dataset", "name": each.cited_title, "url": address(site, here, each.page)}
    about["description"] = description(each, each.entry.model)
    about["license"] = LICENCES.get(each.entry.licence, each.entry.licence)
    values: Values = {
        "@context": VOCABULARY,
        "@type": "SoftwareSourceCode",
        "name": f"Notebook: {each.cited_title}",
        "url": address(site, here, here),
        "programmingLanguage": "Python",
        "runtimePlatform": "Jupyter",
        "encodingFormat": "application/x-ipynb+json",
        "license": CODE_LICENCE,
        "about": about,
    }
    return values | ({"codeRepository": site.repo_url} if site.repo_url else {})


def description(each: Published, model: str) -> str:
    """How the entry's summary begins; a short one with what kind of entry it is."""
    if len(each.summary) >= SHORTEST_DESCRIPTION:
        return shorten(each.summary, DESCRIPTION_LENGTH, placeholder=" …")
    words = f"A {each.kind} of {model} in the {NAME}, with the measurements of its claims."
    return f"{each.summary or each.title} – {words}"


def person(curator: Curator) -> Values:
    """A curator, known by the ORCID where there is one."""
    values: Values = {"@type": "Person", "name": curator.name}
    if ORCID.fullmatch(curator.orcid):
        values["@id"] = f"https://orcid.org/{curator.orcid}"
    return values


def work(resource: str, site: SiteRecords) -> Values:
    """A paper or tool that the entry draws on."""
    known = site.resources.get(resource)
    if known is None:
        return {"@type": "CreativeWork", "name": resource}
    link = resource_address(known)
    return {"@type": "CreativeWork", "name": known.title} | ({"url": link} if link else {})


def download(kind: str, link: str, name: str = "DataDownload") -> Values:
    """A file and its format."""
    return {"@type": name, "encodingFormat": kind, "contentUrl": link}


def address(site: SiteRecords, here: str, target: str) -> str:
    """A file's web address; relative to the page where the site's own is not known."""
    return absolute(site, target) or relative(here, target)
