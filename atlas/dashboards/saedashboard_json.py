"""Batches of features as SAEDashboard writes them for Neuronpedia: `batch-<n>.json`.

A batch names the model, the layer and the set once; its features have snake-case names. They are
read by `neuronpedia_json.read_features`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from atlas.dashboards.dashboard import Dashboard, Example
from atlas.dashboards.neuronpedia_json import bar_centres, share_of

BATCH = 128  # features, as SAEDashboard has by default


def write_batches(folder: Path, dashboards: Iterable[Dashboard]) -> int:
    """Write features of one layer as `batch-0.json` and so on; give the number of files.

    What the format wants and a dashboard does not know (neuron alignment, the histogram of all
    logits, correlations) is an empty list.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting: list[Dashboard] = []
    files = 0
    for dashboard in dashboards:
        waiting.append(dashboard)
        if len(waiting) == BATCH:
            _write(folder / f"batch-{files}.json", waiting)
            files, waiting = files + 1, []
    if waiting:
        _write(folder / f"batch-{files}.json", waiting)
        files += 1
    return files


def batch(dashboards: Sequence[Dashboard]) -> dict[str, Any]:
    """Features of one layer of one dictionary as one batch."""
    first = dashboards[0]
    return {
        "model_id": first.model,
        "layer": first.layer,
        "sae_set": first.dictionary,
        "features": [feature(dashboard) for dashboard in dashboards],
    }


def feature(dashboard: Dashboard) -> dict[str, Any]:
    """One feature of a batch."""
    unknown = ("neuron_alignment", "correlated_neurons", "correlated_features")
    empty: dict[str, list[float]] = {
        f"{name}_{column}": []
        for name in unknown
        for column in ("indices", "values" if name == "neuron_alignment" else "pearson", "l1")
    }
    return {
        "feature_index": dashboard.index,
        **empty,
        "neg_str": [effect.token for effect in dashboard.suppressed],
        "neg_values": [effect.logit for effect in dashboard.suppressed],
        "pos_str": [effect.token for effect in dashboard.promoted],
        "pos_values": [effect.logit for effect in dashboard.promoted],
        "frac_nonzero": dashboard.density.share,
        "freq_hist_data_bar_values": bar_centres(dashboard.histogram),
        "freq_hist_data_bar_heights": list(dashboard.histogram.counts),
        "logits_hist_data_bar_heights": [],
        "logits_hist_data_bar_values": [],
        "decoder_weights_dist": [],
        "maxActApprox": dashboard.maximum,
        "topkCosSimIndices": [o.index for o in dashboard.similar if o.layer == dashboard.layer],
        "topkCosSimValues": [o.cosine for o in dashboard.similar if o.layer == dashboard.layer],
        "activations": [
            *(_activation(example, (-1.0, dashboard.maximum, -1.0)) for example in dashboard.top),
            *(
                _activation(example, (band.lowest, band.highest, share_of(band)))
                for band in reversed(dashboard.bands)
                for example in band.examples
            ),
        ],
    }


def _activation(example: Example, head: tuple[float, float, float]) -> dict[str, Any]:
    lowest, highest, contains = head
    return {
        "bin_min": lowest,
        "bin_max": highest,
        "bin_contains": contains,
        "tokens": list(example.tokens),
        "values": list(example.activations),
        "qualifying_token_index": example.peak,
        "data_index": example.sequence,
        "dfa_values": [],
        "dfa_maxValue": 0,
        "dfa_targetIndex": -1,
    }


def _write(path: Path, dashboards: Sequence[Dashboard]) -> None:
    text = json.dumps(batch(dashboards), ensure_ascii=False, allow_nan=False)
    path.write_text(text, encoding="utf-8")
