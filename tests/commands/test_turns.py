"""Commands that write to one folder take turns; those that read it never wait."""

import threading
import urllib.request

import pytest
from click.testing import CliRunner

from atlas.cli import atlas
from atlas.errors import FolderInUse
from atlas.files.only_run import beside, inside, only_run
from site_builder.serve import make_server
from tests.entries.sample_library import write_library


@pytest.fixture
def library(tmp_path):
    return write_library(tmp_path / "library")


COMMANDS = {
    "reproduce --all --results out": inside,
    "dashboard --model small --dictionary transcoders --out out": beside,
    "dashboard --model small --dictionary transcoders --out out --part 1/2": None,
    "train-dictionary --model small --kind transcoders --tokens text.txt --out out": beside,
    "convert-dashboards given --layout atlas --out out": beside,
    "site build --out out": beside,
    "site build --out elsewhere --work out": inside,
    "site viewer-files --out out": beside,
    "preview from-city-to-capital --no-serve --out out": None,
    "notebook --all": None,
}
"""Where the lock of the folder `out` lies; None: the folder has another name."""

FOLDERS = {
    "dashboard --model small --dictionary transcoders --out out --part 1/2": ("out.part-1-of-2",
                                                                           beside),
    "preview from-city-to-capital --no-serve --out out": ("out/site", beside),
    "notebook --all": ("library/build/results", inside),
}  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS)
def test_a_second_run_is_refused_where_it_is_not_to_wait(library, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "given").mkdir()
    (tmp_path / "text.txt").write_text("a text")
    name, lock = FOLDERS.get(words, ("out", COMMANDS[words]))
    arguments = [*words.split(), "--no-wait"]
    if "convert" not in words:
        arguments += ["--library", str(library)]
    with only_run(lock(tmp_path / name)):
        found = CliRunner().invoke(atlas, arguments)
    assert isinstance(found.exception, FolderInUse), found.output
    assert f"{name}: expected no other run" in str(found.exception)
    assert "has used it since" in str(found.exception)


def test_every_command_that_fills_a_folder_has_the_choice():
    for words in COMMANDS:
        verbs = [word for word in words.split()[:2] if word in ("build", "viewer-files")]
        help_text = CliRunner().invoke(atlas, [words.split()[0], *verbs, "--help"]).output
        assert "--wait / --no-wait" in help_text


def test_a_site_is_served_while_it_is_built(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("a page")
    with only_run(beside(site), inside(tmp_path)), make_server(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/") as answer:
            assert answer.read() == b"a page"
        server.shutdown()
