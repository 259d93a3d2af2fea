"""Measurements survive the way to JSON and back."""

import json
import math
from dataclasses import replace

import pytest

from atlas.entries.measurement import Control, Measurement
from atlas.errors import EntryError

CONTROL = Control("matched", (0.1, 0.2, 0.30000000000000004), 0.2, 0.25, (0.4, 0.6), True)
MEASUREMENT = Measurement(
    "swap", "probability", "target", "probability", 120, 0.9, 0.2, 0.7, (0.6, 0.8),
    CONTROL, None, "iterative", 3, "float32", "cpu", 120, 4, "state", 50, 3,
)  # fmt: skip


def round_trip(measurement: Measurement) -> Measurement:
    return Measurement.from_json(json.loads(json.dumps(measurement.to_json(), allow_nan=False)))


def test_writing_then_reading_is_the_identity():
    assert round_trip(MEASUREMENT) == MEASUREMENT
    both = replace(MEASUREMENT, wrong_target=replace(CONTROL, kind="wrong_target"))
    assert round_trip(both) == both


def test_a_number_that_is_none_stays_none():
    broken = round_trip(replace(MEASUREMENT, value=math.nan, interval=(math.inf, 0.5)))
    assert math.isnan(broken.value)
    assert math.isnan(broken.interval[0])
    assert not broken.finite


@pytest.mark.parametrize("field", ["interval", "value", "n", "control", "mode"])
def test_a_missing_field_is_named(field):
    data = MEASUREMENT.to_json()
    if field == "control":
        data[field] = {"kind": "matched"}
    else:
        del data[field]
    with pytest.raises(EntryError, match="run `atlas reproduce`"):
        Measurement.from_json(data, "circuits/x/reproduction.json")
