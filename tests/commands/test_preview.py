"""`atlas preview` builds one entry's page and what it needs."""

import pytest
from click.testing import CliRunner

from atlas.commands.preview import command
from atlas.errors import BrokenReference
from tests.site_builder.built_site import example_library

CIRCUIT = "microworld-states-and-capitals"
FEATURE = "microworld/transcoders/2-117"


def run(entry, out):
    arguments = [entry, "--no-serve", "--out", str(out), "--library", str(example_library().root)]
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


@pytest.mark.parametrize(
    ("entry", "page"),
    [(CIRCUIT, f"circuits/{CIRCUIT}"), (FEATURE, f"features/{FEATURE}")],
)
def test_the_page_is_there_and_others_are_not(tmp_path, entry, page):
    said = run(entry, tmp_path).output
    assert f"{page}/index.html" in said
    site = tmp_path / "site"
    assert (site / page / "index.html").is_file()
    assert (site / "assets" / "atlas.css").is_file()
    assert not (site / "circuits" / "hostile").exists()
    assert run(entry, tmp_path).exit_code == 0  # again, after a change


def test_a_misspelt_entry_names_the_nearest(tmp_path):
    with pytest.raises(BrokenReference, match="microworld-states-and-capitals"):
        run("microworld-state-and-capitals", tmp_path)
    assert not (tmp_path / "site").exists()
