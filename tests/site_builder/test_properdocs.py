"""ProperDocs, the fork of mkdocs that is kept up, renders the same pages from the same source."""

import os
import subprocess
import sys

import pytest
import yaml

from site_builder.content_security import finished
from site_builder.exports.sitemap import NAME as SITEMAP
from site_builder.tools import UNUSED_ASSETS
from tests.site_builder.built_site import built_site

WRITTEN_LATER = ("pagefind/", ".atlas-site", SITEMAP)  # by the build, after mkdocs


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """The example site as ProperDocs renders it, with the configuration that mkdocs was given."""
    folder = tmp_path_factory.mktemp("properdocs")
    work = built_site().folder.parent / "work"
    configuration = yaml.safe_load((work / "mkdocs.generated.yml").read_text("utf-8"))
    configuration["site_dir"] = str(folder / "site")
    path = folder / "properdocs.yml"
    path.write_text(yaml.safe_dump(configuration), "utf-8")
    command = [sys.executable, "-m", "properdocs", "build", "--quiet", "--strict", "-f", str(path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr[-800:]
    return folder / "site"


def files(folder) -> set[str]:
    """Every file that a renderer wrote and the build kept."""
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return {n for n in names if not n.startswith((*WRITTEN_LATER, *UNUSED_ASSETS))}


def test_both_write_the_same_files_and_as_many_pages(rendered):
    theirs, ours = files(rendered), files(built_site().folder)
    assert theirs == ours
    assert sum(name.endswith(".html") for name in theirs) == built_site().pages > 60


def test_every_page_is_the_same_but_for_the_name_of_its_maker(rendered):
    folder = built_site().folder
    different = [
        name
        for name in sorted(files(rendered))
        if name.endswith(".html")
        and finished((rendered / name).read_text("utf-8")) != (folder / name).read_text("utf-8")
    ]
    assert different == []
