"""What was measured for one claim: the effect, its interval, and its controls.

Numbers only; what they mean for the claim is decided in `atlas.entries.evidence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from atlas.errors import MISSHAPEN, EntryError

Interval = tuple[float, float]

MATCHED = "matched"  # draws of other features, same layer, position, number and size of write
MATCHED_HEADS = "matched_heads"  # draws of other heads, same layers, number and size of write
WRONG_TARGET = "wrong_target"  # the same swap with the value of a third row


@dataclass(frozen=True)
class Control:
    """The same kind of intervention where the claim says that nothing should happen."""

    kind: str  # matched | matched_heads | wrong_target
    draws: tuple[float, ...]  # mean effect of each draw, in the claim's direction, unit of metric
    median: float
    p_value: float  # (1 + draws at least as large as the effect) / (1 + draws)
    difference_interval: Interval  # 95 %, effect minus the draws' median, row by row
    exhaustive: bool = False  # true where fewer than the asked draws exist and all were taken
    larger_sets: int = 0  # rows whose sets have more members than the circuit, to write as much

    @property
    def finite(self) -> bool:
        """Whether every number of the control is a number."""
        numbers = (*self.draws, self.median, self.p_value, *self.difference_interval)
        return all(math.isfinite(number) for number in numbers)


@dataclass(frozen=True)
class Measurement:
    """The effect of a claim's intervention on its metric, over matched held-out rows.

    `value` is the mean over rows of (after − before), sign-flipped where the claim says
    `decrease`, so that larger always means "more as claimed".
    """

    claim: str
    metric: str  # probability | logit_difference | top1 | generated
    of: str  # target | foil | partner_target
    unit: str  # probability | logits | share of rows
    n: int  # rows that were measured, effect and control alike
    before: float  # mean of the metric without the intervention
    after: float  # mean of the metric with it
    value: float
    interval: Interval  # 95 %, bootstrap over entities and templates
    control: Control | None
    wrong_target: Control | None
    mode: str  # iterative | constrained | direct
    seed: int
    dtype: str
    device: str
    matched_rows: int  # rows with a matched control set
    unmatched_rows: int  # rows left out, because no other active features match
    entity: str = ""  # the entity whose values the bootstrap resamples
    entities: int = 0  # how many values it has
    templates: int = 0  # how many templates the rows come from

    @property
    def finite(self) -> bool:
        """Whether every number of the measurement, controls included, is a number."""
        numbers = (self.before, self.after, self.value, *self.interval)
        controls = [control for control in (self.control, self.wrong_target) if control]
        return all(map(math.isfinite, numbers)) and all(control.finite for control in controls)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; a number that is not finite becomes null."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], where: str = "measurement") -> Measurement:
        """Read what `to_json` gives. Raises EntryError where a field is missing or wrong."""
        try:
            known = {key: value[key] for key in (f.name for f in fields(cls)) if key in value}
            known["interval"] = _interval(value["interval"])
            known["control"] = _control(value.get("control"))
            known["wrong_target"] = _control(value.get("wrong_target"))
            for name in ("before", "after", "value"):
                known[name] = _number(value[name])
            for each in fields(cls):
                check_type(each.name, each.type, known.get(each.name, each.default))
            return cls(**known)
        except MISSHAPEN as error:
            raise EntryError(
                where,
                "a measurement with the fields that `atlas reproduce` writes",
                f"{type(error).__name__}: {error}",
                "run `atlas reproduce` on the entry again",
            ) from error


def check_type(name: str, annotation: Any, value: object) -> None:
    """Raise TypeError where a field is annotated as text or whole number and holds neither."""
    wanted = {"str": str, "int": int}.get(annotation)
    if wanted is not None and value is not MISSING and not isinstance(value, wanted):
        raise TypeError(f"{name} is {type(value).__name__}, not {annotation}")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value


def _number(value: Any) -> float:
    """A JSON number; null stands for one that is not finite."""
    return math.nan if value is None else float(value)


def _interval(value: Any) -> Interval:
    low, high = value
    return _number(low), _number(high)


def _control(value: Mapping[str, Any] | None) -> Control | None:
    if value is None:
        return None
    return Control(
        kind=str(value["kind"]),
        draws=tuple(_number(draw) for draw in value["draws"]),
        median=_number(value["median"]),
        p_value=_number(value["p_value"]),
        difference_interval=_interval(value["difference_interval"]),
        exhaustive=bool(value.get("exhaustive", False)),
        larger_sets=int(value.get("larger_sets", 0)),
    )
