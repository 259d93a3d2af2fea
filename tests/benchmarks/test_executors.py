"""The arithmetic of the executors' benchmark."""

import pytest

from benchmarks.executors import Figures


def test_overhead_and_efficiency_follow_from_what_was_measured():
    alone = Figures("processes here", 1, 40, 100.0, 60.0)
    both = Figures("processes here", 2, 40, 62.5, 65.0)
    assert alone.overhead == pytest.approx(1.0)
    assert both.overhead == pytest.approx((62.5 * 2 - 65) / 40)
    assert both.row(alone.seconds).split(" | ")[4] == "80%"
    assert alone.row(alone.seconds).split(" | ")[4] == "100%"
