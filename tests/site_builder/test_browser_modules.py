"""The browser's modules fit together: every import is there, and nothing lies unused."""

from __future__ import annotations

import re
from pathlib import Path

from site_builder.build import BROWSER

IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.[^"]+)";', re.MULTILINE)
LATER = re.compile(r'import\("(\.[^"]+)"\)\.then\(\(\{ (\w+) \}\)')
EXPORT = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
TESTS = Path(__file__).resolve().parents[1] / "browser"


def problems(root: Path, asked: str = "") -> list[str]:
    """Imports of files or names that are missing; names that nobody imports and `asked` lacks."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.js"))}
    offered = {path: set(EXPORT.findall(text)) for path, text in texts.items()}
    wanted: set[tuple[Path, str]] = set()
    found = []
    for path, text in texts.items():
        for names, address in IMPORT.findall(text):
            target = (path.parent / address).resolve()
            listed = {name.strip() for name in names.split(",") if name.strip()}
            wanted |= {(target, name) for name in listed}
            missing = listed - offered.get(target, set())
            if target not in texts or missing:
                found.append(f"{path.relative_to(root)} wants {sorted(missing)} of {address}")
        for address, name in LATER.findall(text):
            wanted.add(((path.parent / address).resolve(), name))
    for path, names in offered.items():
        for name in sorted(names):
            if (path, name) not in wanted and not re.search(rf"\b{name}\b", asked):
                found.append(f"nobody imports {name} of {path.relative_to(root)}")
    return found


def test_imports_are_there_and_exports_are_used():
    asked = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("*.py"))
    assert problems(BROWSER, asked) == []


def test_a_missing_import_and_an_unused_export_are_found(tmp_path):
    (tmp_path / "one.js").write_text('import { here, gone } from "./two.js";\nimport "./three.js";')
    (tmp_path / "two.js").write_text("export function here() {}\nexport const idle = 1;")
    assert problems(tmp_path) == [
        "one.js wants ['gone'] of ./two.js",
        "one.js wants [] of ./three.js",
        "nobody imports idle of two.js",
    ]


def test_the_explorer_names_each_of_its_folders():
    folder = BROWSER / "graph"
    listed = re.findall(r"^\| `(\w+)/` \|", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in folder.iterdir() if path.is_dir())
