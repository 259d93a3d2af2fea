"""What an approximate graph says about its own edges."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from atlas.methods.sae_attribution.measured_error import measured_error
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.methods.sae_attribution.sources import PromptSources
from atlas.methods.sae_attribution.tracing import Traced


def measured_approximation(
    sources: PromptSources, traced: Traced, settings: SaeAttributionSettings
) -> dict[str, Any]:
    """How the edges were estimated, and how far they are from measured effects, as JSON values."""
    rows = [(part.rows, part.found) for part in traced.parts]
    error = measured_error(sources, rows, _checked(sources, traced, settings))
    record = {
        "method": "gradient" if settings.steps == 1 else "integrated_gradients",
        "steps": settings.steps,
        **asdict(error),
    }
    if settings.steps > 1:
        record["ig_completeness"] = _ig_completeness(traced)
    return record


def _checked(sources: PromptSources, traced: Traced, settings: SaeAttributionSettings) -> list[int]:
    """Half of them the most influential features, half drawn from the others that are reached."""
    influence = traced.influence[: len(sources.features)]
    order = np.argsort(-influence, kind="stable")
    order = order[influence[order] > 0]
    first = order[: -(-settings.checked_sources // 2)]
    rest = order[len(first) :]
    count = min(settings.checked_sources - len(first), len(rest))
    drawn = np.random.default_rng(settings.seed).choice(rest, count, replace=False)
    return [int(column) for column in np.sort(np.concatenate([first, drawn]))]


def _ig_completeness(traced: Traced) -> float:
    """1 − Σ |what a row's sum misses| / Σ |its total − its intercept|, over all rows."""
    weights = torch.cat([part.found.weights for part in traced.parts]).double()
    total = torch.cat([part.found.total for part in traced.parts]).double()
    missed = (total - weights.sum(1)).abs().sum()
    return float(1 - missed / (total - weights[:, -1]).abs().sum().clamp_min(1e-30))
