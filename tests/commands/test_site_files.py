"""`atlas site viewer-files` writes graphs for other viewers and says how many."""

import json

from click.testing import CliRunner

from atlas.commands.site import command
from atlas.errors import BadInput
from tests.site_builder.built_site import example_library


def run(*more: str):
    arguments = ["viewer-files", "--library", str(example_library().root), *more]
    return CliRunner().invoke(command, arguments)


def test_it_says_what_it_wrote(tmp_path):
    said = json.loads(run("--out", str(tmp_path), "--format", "json").stdout)
    assert said["graphs"] == len(list((tmp_path / "graph_data").iterdir()))
    assert said["features"] == len(list((tmp_path / "features").rglob("*.json")))
    listed = json.loads((tmp_path / "data" / "graph-metadata.json").read_text("utf-8"))
    assert len(listed["graphs"]) == said["graphs"]


def test_an_address_that_browsers_would_not_load_from_is_refused(tmp_path):
    assert isinstance(run("--out", str(tmp_path), "--address", "ftp://x").exception, BadInput)
    assert not list(tmp_path.iterdir())
