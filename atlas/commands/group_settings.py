"""The options of `atlas group` as settings, and settings as the command that a part names."""

from __future__ import annotations

import shlex

from atlas.entries.position import Position
from atlas.methods.group import GroupSettings

OPTIONS = (
    "keyed_by", "position", "minimum_f1", "screened", "minimum_effect", "layers", "most",
)  # fmt: skip


def group_settings(  # noqa: PLR0913  one parameter per option
    keyed_by: str,
    position: str,
    minimum_f1: float,
    screened: int,
    minimum_effect: float,
    layers: tuple[int, ...],
    most: int,
) -> GroupSettings:
    """The settings that the options of the command stand for."""
    place = Position.from_data(position if position in ("last", "any") else {"entity": position})
    return GroupSettings(keyed_by, place, minimum_f1, screened, most, minimum_effect, layers=layers)


def command_of(circuit: str, settings: GroupSettings) -> str:
    """The command that finds a part by these settings, all its options written out."""
    place = settings.position.entity or settings.position.kind
    words = [
        "atlas", "group", circuit, "--keyed-by", settings.keyed_by, "--position", place,
        "--minimum-f1", f"{settings.minimum_f1:g}", "--screened", str(settings.screened),
        "--minimum-effect", f"{settings.minimum_effect:g}",
    ]  # fmt: skip
    for layer in settings.layers:
        words += ["--layer", str(layer)]
    return shlex.join([*words, "--most", str(settings.most)])
