"""A feature's two claims in the form that verdicts are derived from."""

from dataclasses import replace

import pytest

from atlas.entries.circuit import Circuit
from atlas.entries.feature import Feature
from atlas.entries.feature_evidence import (
    STEERED_PART,
    label_verdict,
    steering_circuit,
    steering_claim,
    steering_rows,
)
from atlas.entries.prompts import PromptRow
from tests import planted_entries

FEATURE = Feature.from_data(planted_entries.feature())
CIRCUIT = Circuit.from_data(planted_entries.circuit("planted"))


def row(row_id, split="test", **entities):
    return PromptRow(id=row_id, split=split, text=row_id, target="x", template="t",
                     entities=entities)  # fmt: skip


def test_the_steering_claim_says_what_is_changed_and_measured():
    claim = steering_claim(FEATURE)
    assert claim.statement == (
        "Setting the feature makes the logit difference of the target decrease."
    )
    assert (claim.kind, claim.threshold.value) == ("effect", 0.2)


def test_the_feature_becomes_the_only_part_that_is_changed():
    circuit = steering_circuit(FEATURE, CIRCUIT)
    (intervention,) = circuit.interventions
    (step,) = intervention.steps
    assert (step.part, step.action, step.value) == (STEERED_PART, "set", 6.0)
    assert list(map(str, circuit.part(STEERED_PART).all_features)) == ["2-0"]
    assert [claim.intervention for claim in circuit.claims] == [intervention.id]


def test_the_circuits_own_parts_stay_so_that_controls_avoid_them():
    kept = {part.id for part in steering_circuit(FEATURE, CIRCUIT).parts}
    assert kept == {"city", "idle", STEERED_PART}


def test_only_test_rows_that_the_claim_is_about_are_used():
    about = replace(FEATURE, steering=replace(FEATURE.steering, where={"city": "w3"}))
    rows = (row("a", city="w3"), row("b", city="w4"), row("c", split="discovery", city="w3"))
    assert [each.id for each in steering_rows(about, rows)] == ["a"]
    assert [each.id for each in steering_rows(FEATURE, rows)] == ["a", "b"]


def test_a_feature_without_steering_makes_no_claim():
    with pytest.raises(ValueError, match="makes no steering claim"):
        steering_claim(replace(FEATURE, steering=None))


@pytest.mark.parametrize(
    ("score", "word"),
    [
        ({"f1": 0.95, "control_f1": 0.1}, "supported"),
        ({"f1": 0.5, "control_f1": 0.1}, "supported"),
        ({"f1": 0.49, "control_f1": 0.1}, "not_supported"),
        ({"f1": 0.95, "control_f1": 0.95}, "not_supported"),
        ({}, "not_run"),
        (None, "not_run"),
    ],
)
def test_a_label_needs_its_score_and_must_beat_the_shuffled_control(score, word):
    verdict = label_verdict(FEATURE, score)
    assert verdict.word == word
    assert verdict.reasons
