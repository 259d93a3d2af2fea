import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_builder.numbers import fixed, number, percent, signed
from site_builder.pictures.scale import Scale

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(NUMBERS, min_size=1))
def test_every_value_and_zero_lie_on_the_axis(values):
    scale = Scale.around(values)
    assert all(scale.low <= value <= scale.high for value in (*values, 0.0))
    assert all(0 <= scale.share(value) <= 1 for value in values)
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks())


@given(st.floats(1e-6, 1e6), st.integers(2, 8))
def test_ticks_are_few_and_evenly_spaced(span, about):
    ticks = Scale(0.0, span).ticks(about)
    assert 1 <= len(ticks) <= about + 1
    steps = {round(later - earlier, 8) for earlier, later in zip(ticks, ticks[1:], strict=False)}
    assert max(steps, default=0) - min(steps, default=0) < 1e-6 * span + 1e-7


def test_numbers_off_the_axis_stay_at_its_edge():
    scale = Scale(0.0, 1.0)
    assert (scale.at(-5), scale.at(0.255), scale.at(9), scale.at(math.nan)) == (
        "0%", "25.5%", "100%", "0%"
    )  # fmt: skip
    assert scale.width(0.5, 2.0) == "50%"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (number(0.00012345), "0.000123"),
        (number(-1234567.0), "\N{MINUS SIGN}1.23e+06"),
        (number(12.0), "12"),
        (number(math.nan), "not a number"),
        (fixed(-0.001), "0.00"),
        (signed(0.881), "+0.88"),
        (signed(-0.5), "\N{MINUS SIGN}0.50"),
        (percent(0.123, 1), "12.3 %"),
    ],
)
def test_numbers_are_written_for_readers(written, expected):
    assert written == expected
