"""The JSON Schemas, published beside the API that they describe."""

from __future__ import annotations

import json
from pathlib import Path

from atlas.entries.library import own_schema_folder
from site_builder.exports.published import absolute
from site_builder.json_files import write_json
from site_builder.records import SiteRecords

SCHEMA_FOLDER = "schema"
PUBLISHED_FOLDER = f"api/v1/{SCHEMA_FOLDER}"


def write_schemas(site: SiteRecords, source: Path) -> None:
    """Copy every schema; where the site's address is known, `$id` becomes that of the file.

    References between schemas are relative, so they hold under either `$id`.
    """
    for path in sorted(own_schema_folder().glob("*.schema.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        name = f"{PUBLISHED_FOLDER}/{schema['$id']}"
        schema["$id"] = absolute(site, name) or schema["$id"]
        write_json(schema, source / name)
