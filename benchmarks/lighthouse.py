"""Lighthouse's four scores of the first page, a circuit and a feature of a built site.

python -m benchmarks.lighthouse SITE [PAGE…]

Needs Node 18 or newer with npm, and Chrome or Chromium. Lighthouse itself is installed once, under
build/lighthouse. The performance score is meaningless while other work runs on the machine. Exits
with 1 if a score is below the bound.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from site_builder.serve import make_server
from tests.browser.find_browser import INSTRUCTION, find_browser
from tests.browser.serving import serving

VERSION = "13.5.0"
FOLDER = Path("build/lighthouse")
LOWEST = 0.95
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
NEEDS_NODE = (
    "Lighthouse needs Node 18 or newer with npm: https://nodejs.org, or apt-get install npm"
)


def main(site: Path, pages: list[str]) -> int:
    """Print a table of scores, and for each audit that failed its title; give the exit code."""
    browser = find_browser()
    if browser is None:
        sys.exit(INSTRUCTION)
    program = install()
    lowest = 1.0
    print(f"{'page':60} {' '.join(f'{each:>15}' for each in CATEGORIES)}")
    with serving(make_server(site, 0)) as address:
        for page in pages or default_pages(site):
            report = run(program, f"{address}/{page}", browser)
            scores = [report["categories"][each]["score"] or 0.0 for each in CATEGORIES]
            print(f"{page:60} {' '.join(f'{each:15.2f}' for each in scores)}", flush=True)
            for words in failed(report):
                print(f"    {words}")
            lowest = min([lowest, *scores])
    return int(lowest < LOWEST)


def install() -> Path:
    """Lighthouse's program, installed if it is not there."""
    program = FOLDER / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            sys.exit(NEEDS_NODE)
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", f"lighthouse@{VERSION}"]
        subprocess.run(command, cwd=FOLDER, check=True)
    return program


def default_pages(site: Path) -> list[str]:
    """The first page, and the first circuit and feature of the catalog."""
    catalog = json.loads((site / "catalog.json").read_text("utf-8"))
    return ["index.html", *(catalog[kind][0]["page"] for kind in ("circuits", "features"))]


def run(program: Path, address: str, browser: str) -> dict:
    """Lighthouse's report on a page, with its default simulated phone on a slow network."""
    target = FOLDER / "report.json"
    command = [
        str(program), address, "--output=json", f"--output-path={target}", "--quiet",
        "--chrome-flags=--headless=new --no-sandbox", f"--only-categories={','.join(CATEGORIES)}",
    ]  # fmt: skip
    subprocess.run(command, env={**os.environ, "CHROME_PATH": browser}, check=True)
    report: dict = json.loads(target.read_text("utf-8"))
    return report


def failed(report: dict) -> list[str]:
    """What lowers a score: every weighted audit that is not passed, with its own score."""
    found = []
    for name in CATEGORIES:
        for reference in report["categories"][name]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            score = audit["score"]
            if reference["weight"] and score is not None and score < 1:
                value = audit.get("displayValue", "")
                found.append(f"{name}: {audit['title']} {value} ({score:.2f})")
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
