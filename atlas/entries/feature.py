"""A feature as its curators write it: a label that is a testable predicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from atlas.entries.circuit import Direction, Threshold
from atlas.entries.credit import Curator, Lifecycle, NotebookCall, Source
from atlas.entries.ids import FeatureId, LayerFeature
from atlas.entries.position import Position
from atlas.entries.record import Record, renamed


@dataclass(frozen=True, kw_only=True)
class Predicate(Record):
    """When the feature should be active: a latent's value or values, or a set of tokens.

    Exactly one of `equals`, `one_of` (written `in`) and `tokens` is given; the first two go
    with `latent`, the name of a column of the model's labelled token file.
    """

    latent: str = ""
    equals: str | None = None
    one_of: tuple[str, ...] = renamed("in", ())
    tokens: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The latent's values for which the feature should be active."""
        return self.one_of if self.equals is None else (self.equals,)


@dataclass(frozen=True, kw_only=True)
class ScoreThreshold(Record):
    """The lowest held-out F1 of label against activation that still supports the label."""

    minimum_f1: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Steering(Record):
    """A claim about what changing this one feature does on a circuit's test prompts."""

    prompts_of: str
    action: Literal["ablate", "scale", "set", "add"]
    factor: float | None = None
    value: float | None = None
    position: Position
    where: Mapping[str, str] = field(default_factory=dict)
    metric: str
    of: Literal["target", "foil"]
    direction: Direction
    threshold: Threshold


@dataclass(frozen=True, kw_only=True)
class Feature(Record):
    """A feature: one file under `features/<model>/<dictionary>/`."""

    schema_version: int
    model: str
    dictionary: str
    layer: int
    index: int
    label: str
    description: str = ""
    lifecycle: Lifecycle
    superseded_by: str = ""
    reason: str = ""
    created: str
    licence: str
    curators: tuple[Curator, ...]
    sources: tuple[Source, ...] = ()
    predicate: Predicate | None = None
    score: ScoreThreshold | None = None
    steering: Steering | None = None
    notebook: NotebookCall

    @property
    def feature_id(self) -> FeatureId:
        """The feature's full id."""
        return FeatureId(self.model, self.dictionary, self.layer, self.index)

    @property
    def id(self) -> str:
        """The feature's full id as text, `<model>/<dictionary>/<layer>-<index>`."""
        return str(self.feature_id)

    @property
    def short(self) -> LayerFeature:
        """The form used within a circuit, `<layer>-<index>`."""
        return LayerFeature(self.layer, self.index)
