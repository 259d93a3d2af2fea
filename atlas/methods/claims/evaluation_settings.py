"""How claims are measured."""

from __future__ import annotations

from dataclasses import dataclass

from atlas.methods.claims.matched_sets import MatchingSettings
from atlas.methods.intervene import Mode


@dataclass(frozen=True)
class EvaluationSettings:
    """How claims are measured."""

    draws: int = 50  # of the matched control; fewer cannot give evidence
    wrong_target_draws: int = 5  # third rows per row
    seed: int = 0  # of partners, control draws and resamples
    matching: MatchingSettings = MatchingSettings()
    mode: Mode = "iterative"  # the real model; other modes only stand beside
