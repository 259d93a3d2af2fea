"""Every page's JSON-LD parses, says what schema.org asks for, and cannot end its element."""

import json
import re
from urllib.parse import urljoin

import pytest

from site_builder.exports.linked_data import SHORTEST_DESCRIPTION, VOCABULARY, script_text
from tests.site_builder.built_site import PageReader, built_site
from tests.site_builder.example_library import HOSTILE
from tests.site_builder.published_site import ADDRESS, published_site

BLOCK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def blocks(folder) -> dict[str, dict]:
    found = {}
    for path in sorted(folder.rglob("*.html")):
        page = path.read_text("utf-8")
        texts = BLOCK.findall(page)
        assert len(texts) == page.count("application/ld+json") <= 1
        for text in texts:
            assert not set("<>&\u2028\u2029") & set(text), path
            found[path.relative_to(folder).as_posix()] = json.loads(text)
    return found


@pytest.fixture(scope="module", params=[built_site, published_site])
def site(request):
    folder = request.param().folder
    return (
        folder,
        blocks(folder),
        ADDRESS if request.param is published_site else "https://x.example/",
    )


def test_home_entries_and_notebooks_have_a_block_and_no_other_page(site):
    _, found, _ = site
    kinds = {name: values["@type"] for name, values in found.items()}
    assert kinds.pop("index.html") == "DataCatalog"
    notebooks = {name for name in kinds if name.endswith("notebook.html")}
    assert notebooks and all(kinds[name] == "SoftwareSourceCode" for name in notebooks)
    entries = set(kinds) - notebooks
    assert len(entries) == 17 and all(kinds[name] == "Dataset" for name in entries)
    assert all(values["@context"] == VOCABULARY for values in found.values())


def test_a_data_set_has_what_search_engines_ask_for(site):
    _, found, _ = site
    for name, values in found.items():
        if values["@type"] != "Dataset":
            continue
        assert SHORTEST_DESCRIPTION <= len(values["description"]) <= 5000, name
        assert values["license"].startswith("https://") or name == "circuits/hostile/index.html"
        assert values["creator"] and all(each["name"] for each in values["creator"])
        assert values["dateCreated"] <= values["dateModified"]
        assert values["distribution"][0]["encodingFormat"] == "application/json"


def test_every_address_in_a_block_leads_to_a_file_or_out_of_the_site(site):
    folder, found, base = site
    for name, values in found.items():
        for address in addresses(values):
            whole = urljoin(base + name, address)
            if whole.startswith(base):
                assert (folder / whole.removeprefix(base)).is_file(), (name, address)


def addresses(value):
    if isinstance(value, dict):
        yield from (value[key] for key in ("url", "contentUrl") if key in value)
        for inner in value.values():
            yield from addresses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from addresses(inner)


def test_hostile_text_survives_as_text_and_ends_nothing():
    values = {"name": HOSTILE, "line": "a\u2028b", "half": "\ud800"}
    text = script_text(values)
    assert "<" not in text and "\u2028" not in text
    read = json.loads(text)
    assert read["name"] == HOSTILE.replace("\x02", "").replace("\x03", "")
    assert read["line"] == "a\u2028b" and read["half"] == "?"
    page = (built_site().folder / "circuits/hostile/index.html").read_text("utf-8")
    scripts = [values for name, values in PageReader(page).elements if name == "script"]
    assert {values.get("type") for values in scripts} <= {None, "", "module", "application/ld+json"}
