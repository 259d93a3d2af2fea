"""The JSON API is valid under its own schemas and keeps apart who said what."""

import json
import posixpath
from dataclasses import fields, replace

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from atlas.entries.evidence import VERDICTS
from atlas.entries.freshness import STATES
from atlas.entries.library import own_schema_folder
from atlas.entries.measurement import Control, Measurement
from atlas.entries.yaml_source import read_yaml
from site_builder.exports.schemas import PUBLISHED_FOLDER, write_schemas
from site_builder.reading import read_site
from tests.site_builder.built_site import built_site, example_library

API_SCHEMAS = ("api-index", "api-catalog", "api-entry")
CIRCUIT = "circuits/microworld-states-and-capitals.json"


@pytest.fixture(scope="module")
def api():
    return built_site().folder / "api" / "v1"


@pytest.fixture(scope="module")
def validators(api):
    schemas = [json.loads(path.read_text("utf-8")) for path in (api / "schema").glob("*.json")]
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )
    return {
        schema["$id"].removesuffix(".schema.json"): Draft202012Validator(schema, registry=registry)
        for schema in schemas
    }


def read(path):
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("name", API_SCHEMAS)
def test_a_schema_is_valid_names_itself_and_describes_every_property(name):
    schema = read(own_schema_folder() / f"{name}.schema.json")
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"{name}.schema.json"
    assert list(undescribed(schema)) == []


def undescribed(schema, path=""):
    if isinstance(schema, dict):
        for key, inner in schema.get("properties", {}).items():
            if path.startswith(".allOf"):
                continue
            if not inner.get("description"):
                yield f"{path}.{key}"
        for key, inner in schema.items():
            yield from undescribed(inner, f"{path}.{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from undescribed(inner, path)


def test_the_words_and_fields_of_the_schema_are_those_of_the_code():
    defined = read(own_schema_folder() / "api-entry.schema.json")["$defs"]
    assert tuple(defined["verdict"]["enum"]) == VERDICTS
    assert tuple(defined["state"]["enum"]) == STATES
    for name, record in (("measurement", Measurement), ("control", Control)):
        assert list(defined[name]["properties"]) == [each.name for each in fields(record)]


def test_every_file_is_valid_under_its_schema(api, validators):
    assert list(validators["api-index"].iter_errors(read(api / "index.json"))) == []
    assert list(validators["api-catalog"].iter_errors(read(api / "catalog.json"))) == []
    entries = [path for path in api.rglob("*.json") if path.parent not in (api, api / "schema")]
    assert len(entries) == 12 + 5 + 2 + len(example_library().resources)
    overlong = 0  # of the example's files, that are longer than their own schema allows
    for path in entries:
        value = read(path)
        allowed = validators[value["kind"]].is_valid(value["curated"])
        overlong += not allowed
        found = [
            f"{error.json_path}: {error.message[:200]}"
            for error in validators["api-entry"].iter_errors(value)
            if allowed or not error.json_path.startswith("$.curated")
        ]
        assert found == [], path
    assert overlong < 6


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value["derived"].update(verdict="true"),
        lambda value: value["derived"].update(summary="mixed"),
        lambda value: value["measured"]["measurements"][0].pop("interval"),
        lambda value: value["curated"].update(verdict="supported"),
        lambda value: value.pop("measured"),
    ],
)
def test_a_spoilt_file_is_refused(api, validators, spoil):
    value = read(api / CIRCUIT)
    assert validators["api-entry"].is_valid(value)
    spoil(value)
    assert not validators["api-entry"].is_valid(value)


def test_curated_values_are_the_file_and_hold_nothing_derived(api):
    library = example_library()
    value = read(api / CIRCUIT)
    path = library.root / "circuits" / value["id"] / "circuit.yaml"
    assert value["curated"] == read_yaml(path).data
    assert value["derived"]["verdict"] == "supported"
    claims = [each["id"] for each in value["curated"]["claims"]]
    assert [each["claim"] for each in value["derived"]["claims"]] == claims
    assert {each["claim"] for each in value["measured"]["measurements"]} <= set(claims)
    assert value["derived"]["reproduction"]["state"] == "drifted"  # as the example journal says
    assert value["derived"]["reproduction"]["night"] == "2026-01-09"


def test_the_catalog_agrees_with_the_entries_and_every_reference_leads_to_a_file(api):
    catalog = read(api / "catalog.json")
    assert len(catalog["entries"]) == 17
    for entry in (*catalog["entries"], *catalog["models"], *catalog["resources"]):
        whole = read(api / entry["file"])
        assert whole["id"] == entry["id"]
        if "derived" in entry:
            assert whole["derived"]["verdict"] == entry["derived"]["verdict"]
            assert whole["derived"]["reproduction"]["state"] == entry["derived"]["reproduction"]
        folder = posixpath.dirname(entry["file"])
        for target in (whole["schema"], *whole["links"].values()):
            assert (api / folder / target).resolve().is_file(), (entry["id"], target)
    assert catalog["redirects"]["circuits/an-old-name"] == "circuits/microworld-states-and-capitals"


def test_the_index_names_files_and_schemas_that_are_there(api):
    index = read(api / "index.json")
    for each in index["files"]:
        assert (api / each["schema"]).is_file()
        assert (api / each["path"].split("/")[0]).exists()
    assert (api / index["site"]).resolve() == built_site().folder / "index.html"


def test_a_published_schema_has_the_address_that_it_lies_under(tmp_path):
    site = replace(read_site(example_library(), None, {}), site_url="https://atlas.example/a/")
    write_schemas(site, tmp_path)
    for path in (tmp_path / PUBLISHED_FOLDER).iterdir():
        assert read(path)["$id"] == f"https://atlas.example/a/{PUBLISHED_FOLDER}/{path.name}"
