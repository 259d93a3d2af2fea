"""A baseline and a new run give a state of reproduction."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from atlas.entries.freshness import Run, compare, reproduction_state
from atlas.entries.measurement import Measurement

MEASUREMENT = Measurement(
    "swap", "probability", "target", "probability", 120, 0.9, 0.2, 0.7, (0.6, 0.8),
    None, None, "iterative", 0, "float32", "cpu", 120, 0,
)  # fmt: skip
ACCEPTED = {"swap": MEASUREMENT}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def fresh(**changes) -> dict[str, Measurement]:
    return {"swap": replace(MEASUREMENT, **changes)}


STATES = [
    (ACCEPTED, Run(fresh()), "reproduced"),
    (ACCEPTED, Run(fresh(value=0.715)), "reproduced"),
    (ACCEPTED, Run(fresh(value=0.73)), "drifted"),
    (ACCEPTED, Run(fresh(before=0.8)), "drifted"),
    (ACCEPTED, Run(fresh(value=math.nan)), "drifted"),
    (ACCEPTED, Run(fresh(n=117)), "drifted"),
    (ACCEPTED, Run({}), "drifted"),
    (ACCEPTED, Run(failure="cell 3 raised"), "failing"),
    (ACCEPTED, Run(skipped="needs a GPU"), "skipped"),
    (ACCEPTED, Run(), "stale"),
    (ACCEPTED, Run(fresh(), current=False), "stale"),
    (ACCEPTED, Run(fresh(), started=NOW - timedelta(days=9)), "stale"),
    (ACCEPTED, Run(fresh(), started=NOW - timedelta(days=6)), "reproduced"),
    (None, Run(), "never_run"),
    (None, Run(fresh()), "never_run"),
    (None, Run(failure="cell 3 raised"), "failing"),
]


@pytest.mark.parametrize(("baseline", "run", "state"), STATES)
def test_the_state_follows_from_baseline_and_run(baseline, run, state):
    found = reproduction_state(baseline, run, NOW)
    assert found.state == state
    assert found.reasons


def test_drift_says_which_number_moved_and_by_how_much():
    (drift,) = compare(ACCEPTED, fresh(value=0.6))
    assert str(drift) == "swap: effect 0.6, accepted 0.7 ± 0.02"


def test_logits_may_move_further_than_probabilities():
    logits = replace(MEASUREMENT, metric="logit_difference")
    assert compare({"swap": logits}, {"swap": replace(logits, value=0.75)}) == []
