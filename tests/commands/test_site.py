import json

import pytest
from click.testing import CliRunner

from atlas.commands.site import command
from atlas.errors import BadInput
from tests.site_builder.built_site import example_library


def test_build_says_where_the_site_is(tmp_path):
    library = str(example_library().root)
    out, work = tmp_path / "out", tmp_path / "work"
    arguments = ["build", "--library", library, "--out", str(out), "--work", str(work)]
    result = CliRunner().invoke(command, [*arguments, "--no-search", "--format", "json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["site"] == str(out)
    assert said["circuits"] == 12
    assert (out / "index.html").is_file()
    assert not (out / "pagefind").exists()


def test_build_works_with_its_own_folders(tmp_path, monkeypatch):
    library = str(example_library().root.resolve())
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["build", "--library", library, "--no-search"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "site" / "index.html").is_file()


def test_build_refuses_a_folder_that_is_no_site(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    library = str(example_library().root)
    arguments = ["build", "--library", library, "--out", str(tmp_path)]
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, BadInput)


def test_serve_needs_a_built_site(tmp_path):
    result = CliRunner().invoke(command, ["serve", "--site", str(tmp_path), "--port", "0"])
    assert isinstance(result.exception, BadInput)


@pytest.mark.parametrize("verb", ["build", "serve"])
def test_each_verb_shows_an_example(verb):
    result = CliRunner().invoke(command, [verb, "--help"])
    assert f"Example: atlas site {verb}" in result.output
