"""What a trace explains, as people write it on the command line: THING@POSITION.

Positions count from 0, the token that starts the prompt; negative ones count from the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import click
import numpy as np

from atlas.errors import DAMAGED, BadInput
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

Command = TypeVar("Command", bound=Callable[..., Any])
POSITION = r"@(?P<position>-?\d{1,9})"
PAIR = re.compile(r"(?P<layer>\d{1,9})-(?P<index>\d{1,9})" + POSITION)
DIRECTION = re.compile(r"(?P<file>.+)@(?P<place>end|(?P<layer>\d{1,9})(?P<mlp>\.mlp)?)" + POSITION)


@dataclass(frozen=True)
class TargetTexts:
    """The options as they were given."""

    targets: tuple[str, ...] = ()
    foil: str | None = None
    positions: tuple[int, ...] = ()
    features: tuple[str, ...] = ()
    foil_feature: str | None = None
    neurons: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    routers: tuple[str, ...] = ()


OPTIONS = (
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="TOKEN",
        help="Explain this token's logit; repeatable. Default: the most probable tokens.",
    ),
    click.option("--foil", metavar="TOKEN", help="Explain the target's logit minus this one's."),
    click.option(
        "--at",
        "positions",
        type=int,
        multiple=True,
        metavar="POSITION",
        help="Explain the next token of this position; repeatable. Default: -1, the last. "
        "Everywhere, the starting token is 0 and negative numbers count from the end.",
    ),
    click.option(
        "--target-feature",
        "features",
        multiple=True,
        metavar="LAYER-INDEX@POSITION",
        help="Explain a feature's pre-activation, active or not; repeatable.",
    ),
    click.option(
        "--foil-feature",
        metavar="LAYER-INDEX@POSITION",
        help="Explain the target feature minus this one, of the same layer and position.",
    ),
    click.option(
        "--target-neuron",
        "neurons",
        multiple=True,
        metavar="LAYER-INDEX[.gate]@POSITION",
        help="Explain the pre-activation of a neuron of the model, or of its gate; repeatable.",
    ),
    click.option(
        "--target-direction",
        "directions",
        multiple=True,
        metavar="FILE.npy@PLACE@POSITION",
        help="Explain the residual stream along a vector; PLACE is LAYER (before it), "
        "LAYER.mlp (before its MLP) or end (after all layers); repeatable.",
    ),
    click.option(
        "--target-router",
        "routers",
        multiple=True,
        metavar="LAYER-EXPERT@POSITION",
        help="Explain a router's logit for an expert; repeatable.",
    ),
)


def target_options(command: Command) -> Command:
    """Add the options that say what is explained."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def target_of(texts: TargetTexts) -> Target:
    """All that the options name, as one target; BadInput where they cannot be understood."""
    found: list[Target] = []
    others = (texts.features, texts.foil_feature, texts.neurons, texts.directions, texts.routers)
    if texts.targets or texts.positions or texts.foil is not None or not any(others):
        found.append(_tokens(texts))
    if texts.features or texts.foil_feature:
        found.append(_features(texts))
    if texts.neurons:
        found.append(NeuronTargets(tuple(_neuron(text) for text in texts.neurons)))
    if texts.directions:
        found.append(Directions(tuple(parse_direction(text) for text in texts.directions)))
    if texts.routers:
        routers = (_pair("--target-router", "LAYER-EXPERT", text) for text in texts.routers)
        found.append(RouterLogits(tuple(RouterLogit(*numbers) for numbers in routers)))
    return found[0] if len(found) == 1 else SeveralTargets(tuple(found))


def _tokens(texts: TargetTexts) -> Target:
    positions = texts.positions or (-1,)
    if texts.foil is None:
        if not texts.targets:
            return SalientTokens(positions=positions)
        return GivenTokens(texts.targets, positions)
    if len(texts.targets) != 1:
        raise BadInput("--foil", "exactly one --target", f"{len(texts.targets)}")
    return TokenDifference(texts.targets[0], texts.foil, positions)


def _features(texts: TargetTexts) -> Target:
    features = tuple(_feature("--target-feature", text) for text in texts.features)
    if texts.foil_feature is None:
        return FeatureTargets(features)
    if len(features) != 1:
        raise BadInput("--foil-feature", "exactly one --target-feature", f"{len(features)}")
    return FeatureDifference(features[0], _feature("--foil-feature", texts.foil_feature))


def _feature(option: str, text: str) -> FeaturePlace:
    return FeaturePlace(*_pair(option, "LAYER-INDEX", text))


def _neuron(text: str) -> NeuronPlace:
    without = text.replace(".gate@", "@")
    numbers = _pair("--target-neuron", "LAYER-INDEX or LAYER-INDEX.gate", without)
    return NeuronPlace(*numbers, "value" if text == without else "gate")


def _pair(option: str, grammar: str, text: str) -> tuple[int, int, int]:
    match = PAIR.fullmatch(text.strip())
    if match is None:
        raise BadInput(option, f"{grammar}@POSITION, as in 2-117@5", repr(text))
    return int(match["layer"]), int(match["index"]), int(match["position"])


def parse_direction(text: str) -> Direction:
    """The direction that a text describes, with its vector; BadInput if it is none."""
    match = DIRECTION.fullmatch(text.strip())
    if match is None:
        expected = (
            "FILE.npy@PLACE@POSITION, as in truth.npy@3@-1, truth.npy@3.mlp@5, truth.npy@end@5"
        )
        raise BadInput("--target-direction", expected, repr(text))
    path = Path(match["file"])
    read: Literal["before_layer", "before_mlp", "after_all"] = "after_all"
    if match["layer"] is not None:
        read = "before_mlp" if match["mlp"] else "before_layer"
    vector, position = read_vector(path), int(match["position"])
    return Direction(path.stem, vector, read, int(match["layer"] or 0), position)


def read_vector(path: Path) -> tuple[float, ...]:
    """The numbers of a one-dimensional .npy file; BadInput if it is none."""
    expected = "an .npy file with one vector"
    try:
        found = np.load(path, allow_pickle=False)
    except DAMAGED as error:
        raise BadInput(str(path), expected, str(error) or "no such file") from error
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind not in "fiu":
        shape = getattr(found, "shape", None)
        raise BadInput(str(path), expected, f"another thing, of shape {shape}")
    return tuple(found.astype(np.float64).tolist())
