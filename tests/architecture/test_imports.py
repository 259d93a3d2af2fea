"""Imports point one way, as DESIGN's table of layers says."""

import ast
from pathlib import Path

import pytest

# Each package may import the packages in its row and itself, nothing else of ours.
ALLOWED: dict[str, set[str]] = {
    "atlas.errors": set(),
    "atlas.files": {"atlas.errors"},
    "atlas.entries": {"atlas.errors", "atlas.files"},
    "atlas.graphs": {"atlas.errors", "atlas.files", "atlas.entries"},
    "atlas.dashboards": {"atlas.errors", "atlas.files", "atlas.entries"},
    "atlas.models": {"atlas.errors", "atlas.files", "atlas.entries"},
    "atlas.methods": {
        "atlas.errors", "atlas.files", "atlas.entries", "atlas.graphs", "atlas.dashboards",
        "atlas.models",
    },
    "atlas.runs": {
        "atlas.errors", "atlas.files", "atlas.entries", "atlas.graphs", "atlas.dashboards",
        "atlas.models", "atlas.methods",
    },
    "site_builder": {
        "atlas.errors", "atlas.files", "atlas.entries", "atlas.graphs", "atlas.dashboards",
    },
    "atlas.commands": {
        "atlas.errors", "atlas.files", "atlas.entries", "atlas.graphs", "atlas.dashboards",
        "atlas.models", "atlas.methods", "atlas.runs", "site_builder", "atlas.cli",
    },
    "atlas.cli": {"atlas.errors", "atlas.files"},
    "atlas.__main__": {"atlas.cli"},
    "microworld": {
        "atlas.errors", "atlas.files", "atlas.entries", "atlas.graphs", "atlas.dashboards",
        "atlas.models", "atlas.methods",
    },
}  # fmt: skip

# Slow to import (6–8 s), so they are imported in the function that needs them.
LATE = ("transformer_lens", "sae_lens")


def layer_of(module: str) -> str:
    """The row of the table that a module belongs to."""
    fitting = [row for row in ALLOWED if module == row or module.startswith(row + ".")]
    return max(fitting, key=len, default=module)


def imported_modules(source: str) -> list[tuple[int, str, bool]]:
    """Each import as (line, module, whether it stands at the top level of the file)."""
    found = []
    tree = ast.parse(source)
    top = {id(node) for node in ast.walk(tree)} - {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, "." * node.level + (node.module or ""), id(node) in top))
    return found


def violations(module: str, source: str) -> list[str]:
    """What a module imports against the rules."""
    own = layer_of(module)
    problems = []
    for line, target, at_top in imported_modules(source):
        if target.startswith("."):
            problems.append(f"{module}:{line} imports relatively")
        elif target in ("atlas", "site_builder", "microworld"):
            problems.append(f"{module}:{line} imports the root of a package")
        elif target.split(".")[0] in ("atlas", "site_builder", "microworld"):
            row = layer_of(target)
            if row != own and row not in ALLOWED.get(own, set()):
                problems.append(f"{module}:{line} ({own}) imports {target} ({row})")
        elif target.split(".")[0] in LATE and at_top:
            problems.append(f"{module}:{line} imports {target} at the top of the file")
    return problems


def modules(repository: Path) -> list[tuple[str, Path]]:
    """Every module of the three source trees."""
    found = []
    for root in ("atlas", "site_builder", "microworld"):
        for path in sorted((repository / root).rglob("*.py")):
            parts = path.relative_to(repository).with_suffix("").parts
            found.append((".".join(part for part in parts if part != "__init__"), path))
    return found


def test_no_module_imports_against_the_direction(repository):
    found = modules(repository)
    assert len(found) > 20
    problems = [p for name, path in found for p in violations(name, path.read_text("utf-8"))]
    assert problems == []


def test_every_module_belongs_to_a_layer(repository):
    roots = {"atlas"}
    strays = [n for n, _ in modules(repository) if layer_of(n) not in ALLOWED and n not in roots]
    assert strays == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("atlas.entries.circuit", "from atlas.graphs.prune import prune"),
        ("atlas.files.whole", "from atlas.entries.library import Library"),
        ("atlas.graphs.prune", "def f():\n    import atlas.methods.attribute"),
        ("site_builder.build", "from atlas.runs.reproduce import reproduce"),
        ("atlas.runs.reproduce", "import microworld.corpus"),
        ("atlas.models.dictionaries", "from . import checkpoints"),
        ("atlas.models.dictionaries", "from atlas import errors"),
        ("atlas.models.language_model", "import transformer_lens"),
    ],
)
def test_the_rule_refuses_a_wrong_import(module, source):
    assert violations(module, source)
