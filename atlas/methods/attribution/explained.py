"""What a graph explains, as directions to trace back: one row for each target.

Whatever is read off the residual stream of one position can be a target: a direction, where it
joins the sweep, what biases that meet no layer add, and the number that all this sums to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.attribution.row_targets import Targets

NO_TOKEN = -1
"""In place of a vocabulary id, for what is no token's logit."""


@dataclass(frozen=True)
class Reading:
    """Where rows join the sweep, and what biases that meet no layer add to each."""

    targets: Targets
    constants: Mapping[str, Float[Tensor, " target"]]


@dataclass(frozen=True)
class Explained:
    """The rows of a graph's targets."""

    token: tuple[int, ...]  # vocabulary id, or NO_TOKEN
    label: tuple[str, ...]
    probability: tuple[float, ...]  # 1 for what has none, such as a difference or a feature
    reading: Reading
    total: Float[Tensor, " target"]  # demeaned logit before a soft cap, or what else is read

    def __len__(self) -> int:
        """The number of targets."""
        return len(self.token)

    def index(self, d_vocab: int) -> tuple[int, ...]:
        """The index of each target's node; see `indices_of`."""
        return indices_of(self.token, d_vocab)


def indices_of(tokens: Sequence[int], d_vocab: int) -> tuple[int, ...]:
    """The index of each target's node: vocabulary ids, and for all else ids from d_vocab on.

    So a node is a token's logit exactly if its index is below d_vocab.
    """
    others = 0
    found = []
    for token in tokens:
        found.append(token if token != NO_TOKEN else d_vocab + others)
        others += token == NO_TOKEN
    return tuple(found)


def joined(parts: Sequence[Explained]) -> Explained:
    """All targets of all parts; BadInput if one is there twice."""
    readings = [part.reading for part in parts]
    columns = ("depth", "position", "gradient")
    targets = Targets(
        *(torch.cat([getattr(each.targets, name) for each in readings]) for name in columns)
    )
    names = dict.fromkeys(name for each in readings for name in each.constants)
    constants = {
        name: torch.cat(
            [each.constants.get(name, torch.zeros_like(each.targets.gradient[:, 0]))
             for each in readings]
        )
        for name in names
    }  # fmt: skip
    found = Explained(
        token=tuple(token for part in parts for token in part.token),
        label=tuple(label for part in parts for label in part.label),
        probability=tuple(each for part in parts for each in part.probability),
        reading=Reading(targets, constants),
        total=torch.cat([part.total for part in parts]),
    )
    keys = list(zip(found.token, targets.position.tolist(), found.label, strict=True))
    if len(set(keys)) != len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise BadInput("targets", "different ones", f"{twice[2]!r} at {twice[1]} twice")
    return found


def less(first: Explained, second: Explained) -> Explained:
    """Each target of the first minus that of the second at the same place; BadInput otherwise."""
    mine, theirs = first.reading.targets, second.reading.targets
    if not torch.equal(mine.depth, theirs.depth) or not torch.equal(mine.position, theirs.position):
        found = f"{first.label[0]} and {second.label[0]}"
        raise BadInput("target difference", "two targets of one layer and position", found)
    names = dict.fromkeys([*first.reading.constants, *second.reading.constants])
    zero = torch.zeros_like(mine.gradient[:, 0])
    constants = {
        name: first.reading.constants.get(name, zero) - second.reading.constants.get(name, zero)
        for name in names
    }
    pairs = zip(first.label, second.label, strict=True)
    return Explained(
        token=(NO_TOKEN,) * len(first),
        label=tuple(f"{one} − {other}" for one, other in pairs),  # noqa: RUF001  a minus sign
        probability=(1.0,) * len(first),
        reading=Reading(
            Targets(mine.depth, mine.position, mine.gradient - theirs.gradient), constants
        ),
        total=first.total - second.total,
    )


def position_in(length: int, position: int, where: str) -> int:
    """A position counted from 0; BadInput if the prompt does not have it."""
    if not -length <= position < length:
        raise BadInput(where, f"a position below {length}", str(position))
    return position % length
