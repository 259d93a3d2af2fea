"""What an attribution graph can explain, as people ask for it.

A logit, a router's logit, a feature or any direction of the residual stream: each is a number that
is read off the stream at one position, so each has a row that sums to it. Positions count from 0,
the token that starts the prompt; negative ones count from the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from atlas.errors import BadInput

LAST = (-1,)


@dataclass(frozen=True)
class SalientTokens:
    """The most probable tokens that together reach a share of the probability."""

    probability_mass: float = 0.95  # as published (Ameisen et al. 2025)
    most: int = 10  # at most this many at each position
    positions: tuple[int, ...] = LAST  # whose next token is meant

    def __post_init__(self) -> None:
        if not 0 < self.probability_mass <= 1 or self.most < 1:
            raise BadInput(
                "salient targets",
                "a probability mass above 0 and up to 1, and at least one token",
                f"{self.probability_mass} and {self.most}",
            )
        check_different("positions", self.positions)


@dataclass(frozen=True)
class GivenTokens:
    """These tokens, each as text or as an id, as next tokens of these positions."""

    tokens: tuple[str | int, ...]
    positions: tuple[int, ...] = LAST

    def __post_init__(self) -> None:
        check_different("targets", self.tokens)
        check_different("positions", self.positions)


@dataclass(frozen=True)
class TokenDifference:
    """The logit of one token minus that of another."""

    target: str | int
    foil: str | int
    positions: tuple[int, ...] = LAST

    def __post_init__(self) -> None:
        if self.target == self.foil:
            raise BadInput("target difference", "two different tokens", repr(self.target))
        check_different("positions", self.positions)


@dataclass(frozen=True)
class RouterLogit:
    """A router's logit for one expert at one position."""

    layer: int
    expert: int
    position: int


@dataclass(frozen=True)
class RouterLogits:
    """Why a mixture chose these experts, or did not."""

    routers: tuple[RouterLogit, ...]

    def __post_init__(self) -> None:
        check_different("router targets", self.routers)


@dataclass(frozen=True)
class FeaturePlace:
    """A feature of the dictionary at one position, active there or not."""

    layer: int
    index: int
    position: int


@dataclass(frozen=True)
class FeatureTargets:
    """The pre-activations of these features: why they are active, or are not."""

    features: tuple[FeaturePlace, ...]

    def __post_init__(self) -> None:
        check_different("feature targets", self.features)


@dataclass(frozen=True)
class FeatureDifference:
    """The pre-activation of one feature minus that of another of its layer and position."""

    target: FeaturePlace
    foil: FeaturePlace

    def __post_init__(self) -> None:
        if self.target == self.foil:
            raise BadInput("target difference", "two different features", repr(self.target))


@dataclass(frozen=True)
class NeuronPlace:
    """A neuron of the model's own at one position, whatever the dictionary."""

    layer: int
    index: int
    position: int
    part: Literal["value", "gate"] = "value"  # in a gated MLP, which of its two readings


@dataclass(frozen=True)
class NeuronTargets:
    """The pre-activations of these neurons, or of their gates."""

    neurons: tuple[NeuronPlace, ...]

    def __post_init__(self) -> None:
        check_different("neuron targets", self.neurons)


@dataclass(frozen=True)
class Direction:
    """The inner product of a vector with the residual stream at one place."""

    name: str  # what the graph calls it
    vector: tuple[float, ...]  # d_model numbers
    read: Literal["before_layer", "before_mlp", "after_all"]
    layer: int  # 0 where it is read after all layers
    position: int

    def __post_init__(self) -> None:
        if not any(self.vector) or not all(map(math.isfinite, self.vector)):
            raise BadInput(f"direction {self.name}", "finite numbers, not all 0", "others")


@dataclass(frozen=True)
class Directions:
    """These directions."""

    directions: tuple[Direction, ...]

    def __post_init__(self) -> None:
        check_different("directions", self.directions)


@dataclass(frozen=True)
class SeveralTargets:
    """All of these in one graph."""

    targets: tuple[Target, ...]

    def __post_init__(self) -> None:
        check_different("targets", self.targets)


Target = (
    SalientTokens
    | GivenTokens
    | TokenDifference
    | RouterLogits
    | FeatureTargets
    | FeatureDifference
    | NeuronTargets
    | Directions
    | SeveralTargets
)


def check_different(where: str, given: tuple[object, ...]) -> None:
    """Raise BadInput unless there is something and nothing is there twice."""
    if not given or len(set(given)) != len(given):
        raise BadInput(where, "one or more different ones", repr(given)[:200])
