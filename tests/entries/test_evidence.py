"""A verdict follows from the numbers, and says why."""

import math
from dataclasses import replace

import pytest

from atlas.entries.circuit import Claim, Threshold
from atlas.entries.evidence import (
    derive_verdict,
    derive_verdicts,
    entry_verdict,
    may_replicate,
)
from atlas.entries.measurement import Control, Measurement

CONTROL = Control(
    kind="matched",
    draws=tuple(0.001 * draw for draw in range(50)),
    median=0.0245,
    p_value=1 / 51,
    difference_interval=(0.5, 0.7),
)
WRONG = Control(
    kind="wrong_target",
    draws=(0.01,) * 5,
    median=0.01,
    p_value=1 / 6,
    difference_interval=(0.5, 0.7),
)
MEASUREMENT = Measurement(
    claim="swap",
    metric="probability",
    of="partner_target",
    unit="probability",
    n=120,
    before=0.1,
    after=0.7,
    value=0.6,
    interval=(0.55, 0.65),
    control=CONTROL,
    wrong_target=WRONG,
    mode="iterative",
    seed=0,
    dtype="float32",
    device="cpu",
    matched_rows=120,
    unmatched_rows=0,
)


def claim(claim_id="swap", **changes) -> Claim:
    fields = {
        "id": claim_id,
        "statement": "the swap moves the answer",
        "kind": "effect",
        "intervention": "swap",
        "metric": "probability",
        "of": "partner_target",
        "direction": "increase",
        "threshold": Threshold(value=0.5, reason="half"),
    }
    return Claim(**(fields | changes))


def control(**changes) -> Control:
    return replace(CONTROL, **changes)


CASES = [
    ("clear effect", {}, "supported", ""),
    ("straddles", {"interval": (0.45, 0.65)}, "inconclusive", "across the threshold 0.5"),
    ("touches", {"interval": (0.5, 0.65)}, "inconclusive", "across"),
    ("short of it", {"interval": (0.3, 0.4)}, "not_supported", "short of"),
    ("other way", {"interval": (-0.3, -0.2)}, "not_supported", "short of"),
    ("few rows", {"n": 99}, "inconclusive", "99 test rows; 100 are needed"),
    ("few and wrong", {"n": 99, "interval": (0.0, 0.1)}, "inconclusive", "100 are needed"),
    ("not a number", {"value": math.nan}, "inconclusive", "not finite"),
    ("infinite", {"interval": (0.6, math.inf)}, "inconclusive", "not finite"),
    ("constrained", {"mode": "constrained"}, "inconclusive", "constrained mode"),
    ("read off the graph", {"mode": "direct"}, "inconclusive", "direct mode"),
    ("no control", {"control": None}, "inconclusive", "no matched control"),
    ("49 draws", {"control": control(draws=(0.0,) * 49)}, "inconclusive", "49 control draws"),
    (
        "all 20 draws there are",
        {"control": control(draws=(0.0,) * 20, p_value=1 / 21, exhaustive=True)},
        "supported",
        "",
    ),
    (
        "no draw exists",
        {"control": control(draws=(), p_value=0.01, exhaustive=True)},
        "inconclusive",
        "0 control draws",
    ),
    ("luck", {"control": control(p_value=0.06)}, "inconclusive", "p = 0.06"),
    (
        "control as strong",
        {"control": control(difference_interval=(-0.1, 0.2))},
        "inconclusive",
        "must lie above 0",
    ),
    (
        "control stronger",
        {"control": control(difference_interval=(-0.3, -0.1), p_value=1.0)},
        "not_supported",
        "must lie above 0",
    ),
    ("control not a number", {"control": control(median=math.nan)}, "inconclusive", "not finite"),
    ("no wrong target", {"wrong_target": None}, "inconclusive", "no wrong-target control"),
    (
        "wrong target rises too",
        {"wrong_target": replace(WRONG, median=0.55)},
        "inconclusive",
        "a third row's value moves the partner's answer by 0.55",
    ),
    (
        "wrong target as strong",
        {"wrong_target": replace(WRONG, difference_interval=(-0.1, 0.1))},
        "inconclusive",
        "a third row's value",
    ),
]


@pytest.mark.parametrize(("changes", "word", "reason"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_the_verdict_on_an_effect(changes, word, reason):
    verdict = derive_verdict(claim(), replace(MEASUREMENT, **changes))
    assert verdict.word == word
    assert reason in "; ".join(verdict.reasons)


def test_a_wrong_target_is_asked_for_only_where_the_partners_answer_is_claimed():
    measured = replace(MEASUREMENT, of="target", wrong_target=None)
    assert derive_verdict(claim(of="target"), measured).word == "supported"


def test_a_claim_at_chance_level_is_not_supported_by_reaching_its_threshold():
    """Accuracies .26, .58, .50 against a threshold of .50, which is chance: nothing was shown."""
    at_chance = replace(
        MEASUREMENT,
        metric="top1",
        unit="share of rows",
        of="target",
        before=0.0,
        after=0.5,
        value=0.5,
        interval=(0.26, 0.58),
        control=control(
            draws=(0.5,) * 50, median=0.5, p_value=1.0, difference_interval=(-0.2, 0.2)
        ),
    )
    verdict = derive_verdict(claim(metric="top1", of="target"), at_chance)
    assert verdict.word == "inconclusive"
    assert {condition.name for condition in verdict.failed} == {"threshold", "p_value", "control"}


@pytest.mark.parametrize(
    ("interval", "word"),
    [
        ((-0.04, 0.03), "supported"),
        ((-0.05, 0.03), "inconclusive"),
        ((0.02, 0.08), "inconclusive"),
        ((0.06, 0.08), "not_supported"),
        ((-0.3, -0.1), "not_supported"),
        ((-0.3, 0.3), "inconclusive"),
    ],
)
def test_no_effect_is_judged_by_its_margin(interval, word):
    absent = claim(kind="no_effect", direction=None, threshold=None, of="target",
                   margin=Threshold(value=0.05, reason="small"))  # fmt: skip
    measured = replace(MEASUREMENT, interval=interval, control=None, wrong_target=None)
    assert derive_verdict(absent, measured).word == word


@pytest.mark.parametrize("lacking", [{"threshold": None}, {"kind": "no_effect"}])
def test_a_claim_without_its_bound_is_inconclusive(lacking):
    assert derive_verdict(claim(**lacking), MEASUREMENT).word == "inconclusive"


def test_a_demonstration_is_never_more():
    verdict = derive_verdict(claim(kind="demonstration"), MEASUREMENT)
    assert (verdict.word, verdict.demonstration) == ("inconclusive", True)


def test_what_was_not_measured_is_not_run():
    assert derive_verdict(claim(), None).word == "not_run"


def test_a_claim_that_rests_on_a_failed_one_is_not_run():
    claims = [claim("second", depends_on=("first",)), claim("first")]
    failed = replace(MEASUREMENT, interval=(0.1, 0.2))
    verdicts = derive_verdicts(claims, {"first": failed, "second": MEASUREMENT})
    assert (verdicts["first"].word, verdicts["second"].word) == ("not_supported", "not_run")
    assert verdicts["second"].reasons == ("it rests on the claim first, which is not supported",)


def test_a_claim_that_rests_on_a_supported_one_is_judged():
    claims = [claim("second", depends_on=("first",)), claim("first")]
    verdicts = derive_verdicts(claims, {"first": MEASUREMENT, "second": MEASUREMENT})
    assert [verdicts[name].word for name in ("first", "second")] == ["supported", "supported"]


@pytest.mark.parametrize("other", ["self", "second", "nobody"])
def test_a_claim_that_rests_on_itself_or_on_nothing_is_not_run(other):
    claims = [claim("self", depends_on=(other,)), claim("second", depends_on=("self",))]
    verdicts = derive_verdicts(claims, {"self": MEASUREMENT, "second": MEASUREMENT})
    assert {verdict.word for verdict in verdicts.values()} == {"not_run"}


WORDS = [
    (["supported", "supported"], "supported"),
    (["supported", "not_supported"], "partial"),
    (["supported", "inconclusive"], "partial"),
    (["supported", "not_run"], "partial"),
    (["not_supported", "not_run"], "not_supported"),
    (["not_supported", "inconclusive"], "not_supported"),
    (["inconclusive", "not_run"], "inconclusive"),
    (["not_run", "not_run"], "not_run"),
    ([], "not_run"),
]


@pytest.mark.parametrize(("words", "expected"), WORDS)
def test_the_verdict_on_an_entry(words, expected):
    verdicts = [replace(derive_verdict(claim(), None), word=word) for word in words]
    assert entry_verdict(verdicts) == expected


def test_demonstrations_do_not_count_for_the_entry():
    shown = derive_verdict(claim(kind="demonstration"), MEASUREMENT)
    judged = derive_verdict(claim(), MEASUREMENT)
    assert entry_verdict([shown, judged]) == "supported"
    assert entry_verdict([shown]) == "inconclusive"


def test_only_a_publication_on_a_public_model_is_replicated():
    judged = [derive_verdict(claim(), MEASUREMENT)]
    assert entry_verdict(judged, may_replicate("replicates", "publication", "public")) == (
        "replicated"
    )
    assert not may_replicate("replicates", "publication", "microworld")
    assert not may_replicate("analogue_of", "publication", "public")
    assert not may_replicate("replicates", "blog", "public")
