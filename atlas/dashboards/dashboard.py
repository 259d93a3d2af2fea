"""What is known about one feature, as plain data that reads and writes JSON.

The JSON has the field names of the classes below, nested the same way, plus ``schema_version``.
Activations are in the unit of the dictionary's activations; shares lie from 0 to 1.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atlas.errors import SchemaError

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Example:
    """A stretch of one sequence, with the feature's activation at each token."""

    sequence: int  # number of the sequence in its token file; -1 where that is not known
    tokens: tuple[str, ...]
    activations: tuple[float, ...]
    peak: int  # index into tokens of the token that the example was chosen for


@dataclass(frozen=True)
class Density:
    """How often the feature is active, with the 95 % Wilson interval of the share.

    Files of other people often say the share alone.
    """

    share: float  # of the tokens looked at; position 0 and padding do not count
    active: int | None  # tokens
    tokens: int | None  # tokens looked at
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Histogram:
    """Counts between neighbouring edges; one edge more than counts."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Band:
    """The activations between two quantiles of all non-zero activations, with examples of them."""

    from_share: float
    to_share: float
    lowest: float  # activation
    highest: float
    count: int  # tokens
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class TokenEffect:
    """What the feature does to one token's logit directly, relative to the mean over all tokens.

    In logits per unit of activation, with the final norm's divisor held at its mean.
    """

    token: str
    logit: float


@dataclass(frozen=True)
class Similar:
    """Another feature of the dictionary, and the cosine of the two decoder vectors."""

    layer: int
    index: int
    cosine: float


@dataclass(frozen=True)
class Together:
    """Another feature of the same layer, and the tokens at which the two are active together."""

    index: int
    both: int  # tokens
    overlap: float  # both, as a share of the tokens at which one of the two is active


@dataclass(frozen=True)
class CounterExamples:
    """Where a feature that says yes from a threshold disagrees with its label's predicate."""

    predicate: Mapping[str, Any]
    threshold: float  # activation
    silent: int  # tokens at which the predicate holds and the feature says no
    false: int  # tokens at which the feature says yes and the predicate does not hold
    silent_examples: tuple[Example, ...]
    false_examples: tuple[Example, ...]


@dataclass(frozen=True)
class AutomaticLabel:
    """A label that no person gave, with how well it tells where the feature is active.

    Scored on texts that it was not chosen on. What is None was not measured.
    """

    method: str  # what chose it
    text: str
    threshold: float | None  # activation from which the feature says yes
    share: float | None  # of the feature's activations that are at least so large
    score: float | None  # F1 of the label against the feature's yes
    control: float | None  # the highest F1 of the label against other features of the layer
    said: int | None  # tokens at which the feature says yes
    held: int | None  # tokens at which the label holds
    agreement: float | None = None  # F1 of the label against the best label by a true latent


@dataclass(frozen=True)
class Dashboard:
    """All of it, for one feature."""

    model: str
    dictionary: str
    layer: int
    index: int
    density: Density
    maximum: float  # activation
    histogram: Histogram  # of non-zero activations
    top: tuple[Example, ...]  # strongest first, one per sequence
    bands: tuple[Band, ...]  # lowest first
    promoted: tuple[TokenEffect, ...]  # strongest first
    suppressed: tuple[TokenEffect, ...]
    similar: tuple[Similar, ...]  # most similar first
    counter: CounterExamples | None = None
    together: tuple[Together, ...] = ()  # largest overlap first; empty where it was not counted
    labels: tuple[AutomaticLabel, ...] = ()  # best first by the half of the text that chose them

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``json.dumps``."""
        return {"schema_version": SCHEMA_VERSION, **_plain(self)}

    @classmethod
    def from_json(cls, data: Any) -> Dashboard:
        """Read what ``to_json`` gave. Raises SchemaError for anything else."""
        if not isinstance(data, Mapping) or data.get("schema_version") != SCHEMA_VERSION:
            found = data.get("schema_version") if isinstance(data, Mapping) else type(data).__name__
            raise SchemaError("dashboard", f"schema_version {SCHEMA_VERSION}", repr(found))
        rest = {name: value for name, value in data.items() if name != "schema_version"}
        return typing.cast(Dashboard, _read(cls, rest, "dashboard"))


def _plain(value: Any) -> Any:
    if type(value) in (float, str, int):  # most values are
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return value


def _read(kind: Any, value: Any, where: str) -> Any:
    """A value of a type of this file (data class, tuple, mapping, number, string, or None)."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        chosen = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else _read(chosen, value, where)
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise SchemaError(where, "a list", type(value).__name__)
        return tuple(
            _read(arguments[0], item, f"{where}[{number}]") for number, item in enumerate(value)
        )
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = Mapping if origin is not None else kind
    if not isinstance(value, expected) or (kind is not bool and isinstance(value, bool)):
        raise SchemaError(where, getattr(expected, "__name__", str(expected)), repr(value)[:60])
    return value


def _read_fields(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise SchemaError(where, "an object", type(value).__name__)
    hints = typing.get_type_hints(kind)
    required = {f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING}
    if not required <= set(value) <= set(hints):
        wrong = sorted((required - set(value)) | (set(value) - set(hints)))
        raise SchemaError(where, f"the fields {', '.join(hints)}", f"missing or unknown: {wrong}")
    return kind(
        **{name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()}
    )
