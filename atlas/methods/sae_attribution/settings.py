"""Settings of approximate attribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from atlas.errors import BadInput
from atlas.methods.attribution.logit_places import TokenTarget
from atlas.methods.attribution.targets import SalientTokens


@dataclass(frozen=True)
class SaeAttributionSettings:
    """What to trace, how gradients are taken, and how much of it is checked."""

    method: ClassVar[str] = "attribute_saes"
    target: TokenTarget = SalientTokens()
    max_feature_nodes: int | None = 2000  # features that get a row, as many for each layer
    # 1: the gradient at the prompt. More: the mean over that many steps from all sources absent.
    steps: int = 1
    checked_sources: int = 32  # features that are taken out of the model to measure the error
    rows_per_chunk: int = 64  # rows that go back through the model together
    seed: int = 0  # draws half of the checked sources; the other half are the most influential

    def __post_init__(self) -> None:
        for name in ("max_feature_nodes", "steps", "rows_per_chunk"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadInput(f"settings: {name}", "at least 1", str(value))
        if self.checked_sources < 0:
            raise BadInput("settings: checked_sources", "0 or more", str(self.checked_sources))
