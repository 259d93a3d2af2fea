"""Automatic labels as columns of a file of arrays, and the file of a layer's best ones.

Scores are whole numbers, steps of 1/32767; NOT_SCORED where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from atlas.dashboards.activity import DECIMALS
from atlas.dashboards.dashboard import AutomaticLabel
from atlas.dashboards.shard_arrays import ArrayFile, smallest
from atlas.errors import MISSHAPEN, UnknownFormat

FORMAT = 1
STEPS = 32767
NOT_SCORED = -1


def label_columns(
    labels: Sequence[AutomaticLabel], methods: Sequence[str]
) -> dict[str, np.ndarray]:
    """One number per label and column; methods by their place in `methods`."""
    return {
        "label_method": smallest(np.array([methods.index(each.method) for each in labels], int)),
        "label_threshold": np.array([each.threshold or 0.0 for each in labels], dtype="<f4"),
        "label_share": _steps([each.share for each in labels]),
        "label_score": _steps([each.score for each in labels]),
        "label_control": _steps([each.control for each in labels]),
        "label_agreement": _steps([each.agreement for each in labels]),
        "label_said": smallest(np.array([each.said or 0 for each in labels], dtype=np.int64)),
        "label_held": smallest(np.array([each.held or 0 for each in labels], dtype=np.int64)),
    }


def best_labels(labels: Sequence[Sequence[AutomaticLabel]]) -> ArrayFile:
    """The first label of each feature of a layer; an empty text where there is none."""
    first = [each[0] if each else None for each in labels]
    found = [each for each in first if each is not None]
    methods = sorted({each.method for each in found})
    header = {
        "format": FORMAT,
        "label_texts": [each.text if each else "" for each in first],
        "label_methods": methods,
    }
    labelled = np.array([each is not None for each in first], dtype="|u1")
    return ArrayFile(header, {"labelled": labelled, **label_columns(found, methods)})


def _steps(values: Sequence[float | None]) -> np.ndarray:
    shares = [NOT_SCORED if each is None else round(each * STEPS) for each in values]
    return np.array(shares, dtype="<i2")


def read_best_labels(path: Path) -> dict[int, AutomaticLabel]:
    """What `best_labels` wrote, by the index of the feature. Raises UnknownFormat."""
    file = ArrayFile.read(path)
    try:
        labelled = np.flatnonzero(file.arrays["labelled"])
        texts, methods = file.header["label_texts"], file.header["label_methods"]
        return {
            int(index): AutomaticLabel(
                method=str(methods[int(file.arrays["label_method"][each])]),
                text=str(texts[index]),
                threshold=float(file.arrays["label_threshold"][each]),
                share=_share(file, "share", each),
                score=_share(file, "score", each),
                control=_share(file, "control", each),
                said=int(file.arrays["label_said"][each]),
                held=int(file.arrays["label_held"][each]),
                agreement=_share(file, "agreement", each),
            )
            for each, index in enumerate(labelled)
        }
    except MISSHAPEN as error:
        raise UnknownFormat(str(path), "labels of a layer", str(error)[:200]) from error


def _share(file: ArrayFile, name: str, each: int) -> float | None:
    steps = int(file.arrays[f"label_{name}"][each])
    return None if steps == NOT_SCORED else round(steps / STEPS, DECIMALS)
