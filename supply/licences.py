"""Writes THIRD-PARTY-LICENSES.md: version, licence and address of every package that a lock names.

    python -m supply.licences

The facts are those of each package's own metadata: of the installed ones, and for packages of other
systems those that pip reports without installing them. What metadata leave open was looked up in
the package's files and stands in LOOKED_UP.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from supply.locks import LOCKS, read_lock
from supply.spdx import NVIDIA, licence_of

TABLE = LOCKS.parent / "THIRD-PARTY-LICENSES.md"
GROUPS = {
    "everything": "What `make` installs",
    "torch": "What PyPI's torch brings besides",
    "tools": "Tools that look after dependencies",
    "fuzz": "What `make fuzz` installs besides",
}
LOOKED_UP: Mapping[str, str] = {
    "atheris": "Apache-2.0",  # its LICENSE
    "axe-playwright-python": "MIT AND MPL-2.0",  # its LICENSE, and the head of axe.min.js within it
    "cuda-toolkit": NVIDIA,  # an empty package that names CUDA's libraries; it states no licence
}
INTRODUCTION = """# Licences of other people's work

Written by `make licences` from the packages' own metadata; a test holds it to the locks. A package
may be here if its licence is permissive, or if its copyleft ends at its own files
(`supply/spdx.py` has the list). None of these packages' files are copied into this repository or
its wheel: pip gets them from where they are published.

**The website** ships its own pages, scripts and styles, and the search of
[Pagefind](https://pagefind.app) (`pagefind/`, MIT). mkdocs-material (MIT) renders the pages; none
of its scripts, styles, fonts or pictures are among them (`site_builder/tools.py` removes them).
"""


class UnknownLicence(ValueError):
    """Metadata that do not say which licence it is."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    version: str
    licence: str  # SPDX expression
    address: str

    def line(self) -> str:
        """As a row of Markdown."""
        return f"| {self.name} | {self.version} | {self.licence} | {self.address} |"


def rows_of(packages: Iterable[Mapping[str, Any]]) -> list[Row]:
    """A row for each package, by name. Raises UnknownLicence, naming all whose licence is open."""
    found, unknown = [], []
    for each in packages:
        name = canonicalize_name(each["name"])
        licence = LOOKED_UP[name] if name in LOOKED_UP else licence_of(each)
        if not licence:
            unknown.append(f"{name} {each['version']}")
        found.append(Row(name, each["version"], licence, address_of(each)))
    if unknown:
        raise UnknownLicence(f"look these up and write them into LOOKED_UP: {', '.join(unknown)}")
    return sorted(found, key=lambda row: row.name)


def address_of(package: Mapping[str, Any]) -> str:
    """Where the package's source or its home is; its page on PyPI where it names neither."""
    links = dict(each.split(", ", 1) for each in package.get("project_url") or () if ", " in each)
    by_label: dict[str, str] = {
        label.lower().strip(): link.strip() for label, link in links.items()
    }
    for label in ("source", "source code", "repository", "github", "homepage", "home"):
        if label in by_label:
            return by_label[label]
    home = str(package.get("home_page") or "")
    name = canonicalize_name(package["name"])
    return home if home.startswith("http") else f"https://pypi.org/project/{name}/"


def metadata_of(pins: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The core metadata of these packages, by name and version, in their JSON form."""
    found = {name: installed_metadata(name, version) for name, version in pins.items()}
    missing = {name: pins[name] for name, each in found.items() if each is None}
    known = [each for each in found.values() if each is not None]
    return known + (metadata_from_pip(missing) if missing else [])


def installed_metadata(name: str, version: str) -> Mapping[str, Any] | None:
    """The metadata of a package; None where it, or this version of it, is not installed."""
    try:
        found = metadata.metadata(name).json
    except metadata.PackageNotFoundError:
        return None
    build = str(found["version"]).partition("+")[0]  # torch's builds differ in what follows
    return {**found, "version": version} if build == version else None


def metadata_from_pip(pins: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The metadata of packages that are not installed, as pip reports them without installing."""
    with tempfile.TemporaryDirectory() as folder:
        asked, report = Path(folder) / "asked.txt", Path(folder) / "report.json"
        asked.write_text("".join(f"{name}=={pins[name]}\n" for name in sorted(pins)), "utf-8")
        command = [
            sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps",
            "--ignore-installed", "--ignore-requires-python", "--report", str(report),
            "--requirement", str(asked),
        ]  # fmt: skip
        subprocess.run(command, check=True)
        return [each["metadata"] for each in json.loads(report.read_text("utf-8"))["install"]]


def read_table(text: str) -> dict[str, list[Row]]:
    """The rows of the written table, by heading."""
    found: dict[str, list[Row]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] != "package":
            found.setdefault(heading, []).append(Row(*cells))
    return found


def wanted_of(group: str) -> dict[str, str]:
    """The packages of a group, by name: those of its lock that no group before it has."""
    pins = {name: pin.version for name, pin in read_lock(LOCKS / f"{group}.txt").items()}
    if group == "torch":
        shared = read_lock(LOCKS / "everything.txt")
        pins = {name: version for name, version in pins.items() if name not in shared}
    return pins


def main() -> None:
    """Ask pip and write the table."""
    parts = [INTRODUCTION]
    for group, heading in GROUPS.items():
        rows = rows_of(metadata_of(wanted_of(group)))
        lines = [
            f"## {heading}",
            "",
            "| package | version | licence | address |",
            "|---|---|---|---|",
        ]
        parts.append("\n".join([*lines, *(row.line() for row in rows)]) + "\n")
    TABLE.write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
