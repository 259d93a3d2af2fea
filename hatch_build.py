"""Put the library of entries into the wheel; an editable install reads the checkout instead."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = (
    "circuits",
    "features",
    "models",
    "resources",
    "vocabulary",
    "schema",
    "notebooks",
    "docs",
    "microworld/weights",
    "microworld/report.json",
    "mkdocs.yml",
    "redirects.yaml",
)


class LibraryData(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the library's folders under `atlas/library_data/` to a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds; `version` is "standard" or "editable"."""
        if version == "standard":
            for path in LIBRARY:
                build_data["force_include"][path] = f"atlas/library_data/{path}"
