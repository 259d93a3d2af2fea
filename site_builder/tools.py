"""The two programs that the build calls: mkdocs renders the pages, Pagefind indexes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from atlas.errors import AtlasError, BadInput
from atlas.files.refusal import told_refusal

THEME = Path(__file__).parent / "theme"
# The theme's own scripts and styles, which the atlas replaces by its own.
UNUSED_ASSETS = ("assets/javascripts", "assets/stylesheets", "assets/images")
# Ready-made search interfaces that the atlas does not load.
UNUSED_SEARCH = (
    "pagefind-ui.*",
    "pagefind-modular-ui.*",
    "pagefind-component-ui.*",
    "pagefind-highlight.js",
)
# What stands alike on every entry's page, or in figures: it would hide what entries are about, and
# of thousands of pages it is a quarter of the index.
NOT_SEARCHED = (
    ".headerlink",
    ".claim-charts",
    ".figures",
    ".reasons",
    ".section-note",
    ".section-run",
    ".section-provenance",
    ".section-data",
    ".part-key",
    "pre",
)


class BuildFailed(AtlasError):  # noqa: N818
    """A program that the build needs did not finish."""


def read_configuration(library: Path) -> dict[str, Any]:
    """The library's mkdocs.yml. Raises BadInput if there is none."""
    path = library / "mkdocs.yml"
    if not path.is_file():
        path = Path(__file__).resolve().parents[1] / "mkdocs.yml"
    if not path.is_file():
        raise BadInput(
            str(path), "the site's configuration", "no such file", "name a whole library"
        )
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise BadInput(str(path), "a mapping", type(found).__name__)
    return found


def render(configuration: Mapping[str, Any], source: Path, target: Path) -> None:
    """Render the Markdown in `source` into the empty folder `target`, strictly."""
    written = dict(configuration)
    written["theme"] = {**configuration.get("theme", {}), "custom_dir": str(THEME)}
    # Absolute, because mkdocs reads paths relative to its configuration.
    written |= {"docs_dir": str(source.resolve()), "site_dir": str(target.resolve())}
    written["strict"] = True
    path = source.parent / "mkdocs.generated.yml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-f", str(path)]
    run(command, target)
    for folder in UNUSED_ASSETS:
        shutil.rmtree(target / folder, ignore_errors=True)


def index_pages(site: Path) -> None:
    """Write the search index of the site's entries and guides into `site/pagefind`."""
    command = [
        sys.executable,
        "-m",
        "pagefind",
        "--site",
        str(site),
        "--exclude-selectors",
        ", ".join(NOT_SEARCHED),
        "--quiet",
    ]
    run(command, site)
    for pattern in UNUSED_SEARCH:
        for path in (site / "pagefind").glob(pattern):
            path.unlink()


def run(command: Sequence[str], folder: Path) -> None:
    """Run a Python module, as in `python -m module …`, which writes into a folder.

    Raises:
        CannotWrite: the system refused to let it write.
        BuildFailed: it failed otherwise; with its last words.
    """
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONIOENCODING": "utf-8"}
    finished = subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if finished.returncode:
        said = (finished.stderr or finished.stdout).strip()[-800:]
        refused = told_refusal(said, folder.parent)
        if refused is not None:
            raise refused
        raise BuildFailed(
            command[2],
            "a finished run",
            f"exit code {finished.returncode}: {said}",
            "install the extra `site`",
        )
