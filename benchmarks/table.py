"""The table of what was measured, into the README: python -m benchmarks.table."""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.alternate import DEFAULT_BATCH, records
from benchmarks.cells import CELLS
from benchmarks.jobs import OURS, PEER, ROOT, THREADS

README = ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
HEAD = (
    "| model / tokens / rows | ours | peer, default | peer, best (batch) | default ÷ ours |"
    " best ÷ ours | extra memory: ours, default, best | difference |\n" + "|---" * 8 + "|\n"
)
MEBIBYTE = 1 << 20
Figures = dict[str, Any]


def main() -> None:
    """Replace what stands between the README's markers."""
    text = README.read_text("utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    rows = [_row(name, runs) for name, runs in _by_cell().items()]
    README.write_text(f"{before}{BEGIN}{_machine()}\n\n{HEAD}{''.join(rows)}{END}{after}", "utf-8")


def _by_cell() -> dict[str, dict[tuple[str, int], list[Figures]]]:
    found: dict[str, dict[tuple[str, int], list[Figures]]] = {}
    for run, figures in records():
        cell = found.setdefault(run.cell, defaultdict(list))
        cell[run.side, run.batch].append(figures)
    return {cell.name: found[cell.name] for cell in CELLS if cell.name in found}


def _row(name: str, runs: dict[tuple[str, int], list[Figures]]) -> str:
    ours = median(each["wall"] for each in runs[OURS, 0])
    our_bytes = max(each["extra_bytes"] for each in runs[OURS, 0])
    default = runs.get((PEER, DEFAULT_BATCH), [{}])[0]
    searched = {
        batch: figures[0]
        for (side, batch), figures in runs.items()
        if side == PEER and batch != DEFAULT_BATCH and "wall" in figures[0]
    }
    batch = min(searched, key=lambda each: searched[each]["wall"], default=0)
    best = searched.get(batch, {})
    agreement = runs.get(("agreement", 0), [{}])[0]
    same = agreement.get("same_features") and agreement.get("same_logits")
    cells = [
        name,
        _seconds({"wall": ours}),
        _seconds(default),
        f"{_seconds(best)} ({batch})" if best else "not run",
        _ratio(default, ours),
        _ratio(best, ours),
        ", ".join(_size(each) for each in ({"extra_bytes": our_bytes}, default, best)),
        f"{agreement['difference']:.0e}" if same else ("not run" if not agreement else "differs"),
    ]
    return "| " + " | ".join(cells) + " |\n"


def _seconds(figures: Figures) -> str:
    if "over" in figures:
        return f"over {figures['over']:.0f} s"
    return f"{figures['wall']:.2f} s" if figures else "not run"


def _ratio(figures: Figures, ours: float) -> str:
    if "over" in figures:
        return f"over {figures['over'] / ours:.1f}×"
    return f"{figures['wall'] / ours:.1f}×" if figures else "–"


def _size(figures: Figures) -> str:
    found = figures.get("extra_bytes")
    return "–" if found is None else f"{found / MEBIBYTE:,.0f} MiB"


def _machine() -> str:
    model = next(
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    pinned = dict(
        line.split("==")
        for line in (ROOT / "benchmarks" / "peer_requirements.txt").read_text().splitlines()
        if "==" in line
    )
    peer = ", ".join(f"{name} {number}" for name, number in pinned.items())
    return (
        f"{date.today().isoformat()}, {model}, {os.cpu_count()} cores, {THREADS} thread, Linux "
        f"{platform.release()}, Python {platform.python_version()}, torch {version('torch')}, "
        f"transformer-lens {version('transformer-lens')}; the peer: {peer}."
    )


if __name__ == "__main__":
    main()
