"""Where a command's model computes, and how its weights are held."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from atlas.errors import BadInput
from atlas.models.bridge import BridgeSettings

Command = TypeVar("Command", bound=Callable[..., Any])
FULL = "float32"
HELP = {
    "exact": "Precision that the weights are held in; arithmetic is always in float32.",
    "free": "Precision of weights and arithmetic.",
    "stream": "Leave the weights in their files and bring one matrix at a time: slower, and the "
    "model may be larger than the memory.",
    "anyway": "Go on where the memory is estimated not to do.",
}


@dataclass(frozen=True)
class Placement:
    """What the options say."""

    device: str = "cpu"
    dtype: str = FULL
    stream: bool = False
    anyway: bool = False  # in spite of the estimate of memory
    exact: bool = True  # the command's arithmetic is in full precision, whatever the dtype

    @property
    def settings(self) -> BridgeSettings:
        """How to load a model; BadInput where the options contradict each other."""
        if self.stream and self.dtype != FULL:
            expected = "no --dtype beside it: weights stay as their files hold them"
            raise BadInput("--stream", expected, f"--dtype {self.dtype}")
        if self.exact and self.dtype != FULL:
            return BridgeSettings(self.device, weights=self.dtype)
        return BridgeSettings(self.device, self.dtype, stream=self.stream)


def placement_options(exact: bool) -> Callable[[Command], Command]:
    """Add `--device`, `--dtype`, `--stream`, `--anyway`; the command gets them as `placement`."""
    options = (
        click.option(
            "--device",
            default="cpu",
            show_default=True,
            help="Where the model runs: cpu, cuda, cuda:N, mps.",
        ),
        click.option(
            "--dtype",
            type=click.Choice([FULL, "bfloat16", "float16"]),
            default=FULL,
            show_default=True,
            help=HELP["exact" if exact else "free"],
        ),
        click.option("--stream", is_flag=True, help=HELP["stream"]),
        click.option("--anyway", is_flag=True, help=HELP["anyway"]),
    )

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(device: str, dtype: str, stream: bool, anyway: bool, **others: Any) -> Any:
            placement = Placement(device, dtype, stream, anyway, exact)
            return command(placement=placement, **others)

        for option in reversed(options):
            option(gathered)
        wrapped: Any = gathered
        same: Command = wrapped
        return same

    return decorate
