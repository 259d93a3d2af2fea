"""Targets as a graph's header records them, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from atlas.errors import GraphError
from atlas.methods.attribution.targets import (
    Direction,
    Directions,
    FeatureDifference,
    FeaturePlace,
    FeatureTargets,
    GivenTokens,
    NeuronPlace,
    NeuronTargets,
    RouterLogit,
    RouterLogits,
    SalientTokens,
    SeveralTargets,
    Target,
    TokenDifference,
)

ACTION = "trace the prompt again with this model and dictionary"


def target_record(target: Target) -> dict[str, Any]:
    """A target as JSON values."""
    kind = {"kind": type(target).__name__}
    if isinstance(target, SeveralTargets):
        return {**kind, "targets": [target_record(each) for each in target.targets]}
    return {**kind, **asdict(target)}


def recorded_target(record: Any) -> Target:
    """The target that `target_record` recorded; GraphError if it is none."""
    try:
        fields = {name: _tuples(value) for name, value in record.items() if name != "kind"}
        return _READERS[record["kind"]](fields)
    except (TypeError, KeyError, AttributeError) as problem:
        expected = "settings that name its target"
        raise GraphError("graph", expected, "none", ACTION) from problem


def _tuples(value: Any) -> Any:
    """Lists of the file as the tuples that they were."""
    return tuple(value) if isinstance(value, list) else value


def _several(fields: Mapping[str, Any]) -> Target:
    return SeveralTargets(tuple(recorded_target(each) for each in fields["targets"]))


def _features(fields: Mapping[str, Any]) -> Target:
    return FeatureTargets(tuple(FeaturePlace(**each) for each in fields["features"]))


def _feature_difference(fields: Mapping[str, Any]) -> Target:
    return FeatureDifference(FeaturePlace(**fields["target"]), FeaturePlace(**fields["foil"]))


def _directions(fields: Mapping[str, Any]) -> Target:
    found = ({**each, "vector": tuple(each["vector"])} for each in fields["directions"])
    return Directions(tuple(Direction(**each) for each in found))


_READERS: dict[str, Callable[[Mapping[str, Any]], Target]] = {
    "SalientTokens": lambda fields: SalientTokens(**fields),
    "GivenTokens": lambda fields: GivenTokens(**fields),
    "TokenDifference": lambda fields: TokenDifference(**fields),
    "RouterLogits": lambda fields: RouterLogits(
        tuple(RouterLogit(**each) for each in fields["routers"])
    ),
    "FeatureTargets": _features,
    "FeatureDifference": _feature_difference,
    "NeuronTargets": lambda fields: NeuronTargets(
        tuple(NeuronPlace(**each) for each in fields["neurons"])
    ),
    "Directions": _directions,
    "SeveralTargets": _several,
}
