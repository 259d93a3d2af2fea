"""Features as Neuronpedia's API gives them and as SAEDashboard writes them, read and written.

One feature of the API is a flat object with camelCase names; SAEDashboard writes batches of
features with snake_case names, whose head says the model and the set. Both group examples by bins:
the strongest first (bin from -1), then bands. Neither holds counts, so a share stands alone; what
both lack stays empty.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from atlas.dashboards.dashboard import (
    Band,
    Dashboard,
    Density,
    Example,
    Histogram,
    Similar,
    TokenEffect,
)
from atlas.errors import MISSHAPEN, UnknownFormat

MAXIMUM_BYTES = 256 << 20
EDGE_DECIMALS = 6  # of a histogram
SHARE_DECIMALS = 9  # of a band: reading adds shares up, writing takes differences
MISSING_LOGIT = -10_000  # what Neuronpedia stores where a token has no value
# One name here, then the name in the API and the name in SAEDashboard's files.
EXAMPLE_NAMES = {
    "lowest": ("binMin", "bin_min"),
    "highest": ("binMax", "bin_max"),
    "contains": ("binContains", "bin_contains"),
    "peak": ("maxValueTokenIndex", "qualifying_token_index"),
    "sequence": ("dataIndex", "data_index"),
}


def read_features(path: Path) -> tuple[Dashboard, ...]:
    """The features in a file: one of the API's, a list of them, or a batch of SAEDashboard's.

    Raises UnknownFormat for anything else, and for files over 256 MB.
    """
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise UnknownFormat(str(path), f"at most {MAXIMUM_BYTES} bytes", "more", "split it")
        data = parse_json(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UnknownFormat(str(path), "a JSON file in UTF-8", str(error)) from error
    if isinstance(data, dict) and isinstance(data.get("features"), list):
        parts = [data.get("layer", ""), data.get("sae_set", ""), data.get("sae_id_suffix")]
        layer = "-".join(str(part) for part in parts if part not in (None, ""))
        head = {"modelId": data.get("model_id", ""), "layer": layer}
        features = [head | item for item in data["features"] if isinstance(item, dict)]
    else:
        features = data if isinstance(data, list) else [data]
    return tuple(read_feature(item, str(path)) for item in features)


def parse_json(text: bytes) -> Any:
    """JSON in UTF-8 whose numbers are all finite. Raises ValueError or RecursionError."""
    return json.loads(text.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def read_feature(data: Any, where: str = "feature") -> Dashboard:
    """One feature of either dialect. Raises UnknownFormat."""
    if not isinstance(data, Mapping) or not {"index", "feature_index"} & set(data):
        raise UnknownFormat(where, "an object with index or feature_index", repr(data)[:60])
    try:
        return _dashboard(data)
    except MISSHAPEN as error:
        expected = "a feature of Neuronpedia or SAEDashboard"
        raise UnknownFormat(where, expected, str(error)[:200]) from error


def _dashboard(data: Mapping[str, Any]) -> Dashboard:
    layer, _, dictionary = str(data.get("layer", "")).partition("-")
    groups = _groups(data.get("activations") or [])
    top = [examples for head, examples in groups if head[0] < 0]
    examples = [example for _, group in groups for example in group]
    strongest = max((max(e.activations, default=0.0) for e in examples), default=0.0)
    return Dashboard(
        model=str(data.get("modelId", "")),
        dictionary=dictionary,
        layer=int(layer),
        index=int(data.get("index", data.get("feature_index"))),  # type: ignore[arg-type]
        density=Density(float(data.get("frac_nonzero") or 0.0), None, None, None, None),
        maximum=float(data.get("maxActApprox") or strongest),
        histogram=_histogram(data),
        top=tuple(top[0]) if top else (),
        bands=_bands([group for group in groups if group[0][0] >= 0]),
        promoted=_effects(data, "pos"),
        suppressed=_effects(data, "neg"),
        similar=_similar(data, int(layer)),
    )


def _similar(data: Mapping[str, Any], layer: int) -> tuple[Similar, ...]:
    indices, cosines = data.get("topkCosSimIndices") or [], data.get("topkCosSimValues") or []
    pairs = zip(indices, cosines, strict=False)
    return tuple(Similar(layer, int(index), float(cosine)) for index, cosine in pairs)


def _field(data: Mapping[str, Any], name: str, default: int | float) -> float:
    found = next((data[key] for key in EXAMPLE_NAMES[name] if data.get(key) is not None), default)
    return float(found)


Head = tuple[float, float, float]


def _groups(activations: Sequence[Mapping[str, Any]]) -> list[tuple[Head, list[Example]]]:
    """Examples by bin, in the order of the file; bins from -1 are the strongest examples."""

    def head(item: Mapping[str, Any]) -> Head:
        lowest = _field(item, "lowest", -1.0)
        return (lowest, _field(item, "highest", 0.0), _field(item, "contains", -1.0))

    ordered = sorted(activations, key=head)
    return [(key, [_example(item) for item in items]) for key, items in groupby(ordered, head)]


def _example(item: Mapping[str, Any]) -> Example:
    values = tuple(float(value) for value in item["values"])
    tokens = tuple(str(token) for token in item["tokens"])
    if not tokens or len(tokens) != len(values):
        raise ValueError(f"{len(tokens)} tokens and {len(values)} values")
    peak = int(_field(item, "peak", -1))
    if not 0 <= peak < len(tokens):
        # SAEDashboard writes -1 where the token that was asked for is not among those shown.
        peak = max(range(len(values)), key=values.__getitem__)
    return Example(int(_field(item, "sequence", -1)), tokens, values, peak)


def _bands(groups: Sequence[tuple[Head, list[Example]]]) -> tuple[Band, ...]:
    """SAEDashboard's bins have equal widths of activation; its shares are of all tokens."""
    found, below = [], 0.0
    for (lowest, highest, contains), examples in groups:
        share = min(max(contains, 0.0), 1.0 - below)
        above = round(below + share, SHARE_DECIMALS)
        found.append(Band(below, above, lowest, highest, 0, tuple(examples)))
        below = above
    return tuple(found)


def _histogram(data: Mapping[str, Any]) -> Histogram:
    """Edges half a bar's width beside the outermost centres, and evenly between them.

    The ends are rounded first and decide the rest, so that writing and reading keep every edge.
    """
    centres = [float(value) for value in data.get("freq_hist_data_bar_values") or []]
    heights = [int(value) for value in data.get("freq_hist_data_bar_heights") or []]
    if not centres or len(centres) != len(heights):
        return Histogram((), ())
    bars = len(centres)
    width = (centres[-1] - centres[0]) / (bars - 1) if bars > 1 else 1.0
    first, last = (
        round(each, EDGE_DECIMALS) for each in (centres[0] - width / 2, centres[-1] + width / 2)
    )
    edges = [round(first + (last - first) * edge / bars, EDGE_DECIMALS) for edge in range(bars + 1)]
    return Histogram(tuple(edges), tuple(heights))


def bar_centres(histogram: Histogram) -> list[float]:
    """The centre of each bar, finer than edges are read, so that they are read as they were."""
    if not histogram.counts:
        return []
    bars, (first, last) = len(histogram.counts), (histogram.edges[0], histogram.edges[-1])
    return [
        round(first + (last - first) * (bar + 0.5) / bars, EDGE_DECIMALS + 3) for bar in range(bars)
    ]


def _effects(data: Mapping[str, Any], sign: str) -> tuple[TokenEffect, ...]:
    strings, values = data.get(f"{sign}_str") or [], data.get(f"{sign}_values") or []
    return tuple(
        TokenEffect(str(token), float(value))
        for token, value in zip(strings, values, strict=False)
        if float(value) != MISSING_LOGIT
    )


def write_feature(dashboard: Dashboard) -> dict[str, Any]:
    """One feature as the API gives it; ``layer`` holds layer and dictionary, as there."""
    top = [_activation(example, (-1.0, dashboard.maximum, -1.0)) for example in dashboard.top]
    in_bands = [
        _activation(example, (band.lowest, band.highest, share_of(band)))
        for band in reversed(dashboard.bands)
        for example in band.examples
    ]
    same_layer = [other for other in dashboard.similar if other.layer == dashboard.layer]
    return {
        "modelId": dashboard.model,
        "layer": f"{dashboard.layer}-{dashboard.dictionary}",
        "index": str(dashboard.index),
        "maxActApprox": dashboard.maximum,
        "frac_nonzero": dashboard.density.share,
        "freq_hist_data_bar_heights": list(dashboard.histogram.counts),
        "freq_hist_data_bar_values": bar_centres(dashboard.histogram),
        "pos_str": [effect.token for effect in dashboard.promoted],
        "pos_values": [effect.logit for effect in dashboard.promoted],
        "neg_str": [effect.token for effect in dashboard.suppressed],
        "neg_values": [effect.logit for effect in dashboard.suppressed],
        "topkCosSimIndices": [other.index for other in same_layer],
        "topkCosSimValues": [other.cosine for other in same_layer],
        "activations": top + in_bands,
    }


def share_of(band: Band) -> float:
    """What a band holds, without the noise of the subtraction."""
    return round(band.to_share - band.from_share, SHARE_DECIMALS)


def _activation(example: Example, head: Head) -> dict[str, Any]:
    lowest, highest, contains = head
    return {
        "tokens": list(example.tokens),
        "values": list(example.activations),
        "maxValue": max(example.activations),
        "minValue": min(example.activations),
        "maxValueTokenIndex": example.peak,
        "qualifyingTokenIndex": example.peak,
        "dataIndex": example.sequence,
        "binMin": lowest,
        "binMax": highest,
        "binContains": contains,
    }
