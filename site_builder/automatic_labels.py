"""The best automatic label of any feature, from the files beside its dashboards."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from atlas.dashboards.label_files import read_best_labels
from site_builder.records import SiteRecords


def automatic_label(full: str, site: SiteRecords) -> dict[str, Any]:
    """What a page shows of it: text, method, score and control; empty where there is none."""
    model, dictionary, short = full.split("/")
    known = site.dashboards.get(f"{model}/{dictionary}")
    layer, index = (int(each) for each in short.split("-"))
    path = known.folder / f"{layer}.labels" if known else None
    if path is None or not path.is_file():
        return {}
    return _labels(path, path.stat().st_mtime_ns).get(index, {})


@lru_cache(maxsize=64)
def _labels(path: Path, changed: int) -> dict[int, dict[str, Any]]:
    """By index; read again where the file has changed."""
    return {
        index: {
            "text": label.text,
            "method": label.method,
            "score": label.score,
            "control": label.control,
        }
        for index, label in read_best_labels(path).items()
    }
