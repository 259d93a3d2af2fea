"""Control sets match in number, layer, position, size of write and size of change."""

import itertools

import numpy as np
import pytest
import torch

from atlas.entries.circuit import Step
from atlas.entries.prompts import PromptRow
from atlas.methods.claims.instances import Instance
from atlas.methods.claims.matched_sets import (
    MatchingSettings,
    Surroundings,
    control_sets,
    draw_assignments,
    matching_subsets,
)
from atlas.methods.claims.row_activations import ActiveFeatures, RowActivations
from atlas.methods.claims.row_changes import Change, Group, RowChanges
from atlas.models.activation_functions import ReLU
from atlas.models.coders import Transcoder
from atlas.models.dictionaries import TranscoderSet
from atlas.models.sites import Site
from atlas.models.tokens import Tokens

SETTINGS = MatchingSettings(options=6)


def generator():
    return np.random.default_rng(0)


def dictionary() -> TranscoderSet:
    """One layer; feature i writes only along axis i, with length 1."""
    eye = torch.eye(12)
    layer = Transcoder(eye, torch.zeros(12), eye, torch.zeros(12), ReLU())
    return TranscoderSet("eye", Site.MLP_INPUT, Site.MLP_OUTPUT, (layer,))


def row(values: dict[int, float]) -> RowActivations:
    tokens = Tokens(np.array([0, 5]), ("<bos>", "word"), (None, (0, 4)))
    prompt = PromptRow(id="r", split="test", text="word", target="x", template="t")
    active = ActiveFeatures(np.array(list(values)), np.array(list(values.values()), dtype=float))
    return RowActivations(Instance(prompt, tokens, 1, None), {(0, 1): active})


def changes(values, action="ablate", circuit=(0,), **step) -> RowChanges:
    observed = row(values)
    made = Step(part="p", action=action, **step)
    scale, shift = {
        "ablate": (0.0, 0.0),
        "scale": (step.get("factor"), 0.0),
        "set": (0.0, step.get("value")),
        "add": (1.0, step.get("value")),
    }[action]
    silent = all(index not in values for index in circuit)
    return RowChanges(
        observed,
        tuple(Change(0, index, 1, scale, shift) for index in circuit),
        (Group(made, (0, 1), observed, 1, tuple(circuit), silent),),
    )


def matched(changed, circuit=frozenset({(0, 0)}), settings=SETTINGS):
    return control_sets(changed, Surroundings(dictionary(), circuit, settings), generator())


def sets(changed, circuit=frozenset({(0, 0)})):
    """The control sets where sets of the circuit's own number exist."""
    found = matched(changed, circuit)
    assert not found.larger
    return list(found.sets)


def test_the_subsets_are_those_that_brute_force_finds():
    writes = np.random.default_rng(2).normal(size=(9, 5))
    expected = {
        subset for subset in itertools.combinations(range(9), 3)
        if abs(np.linalg.norm(writes[list(subset)].sum(axis=0)) - 4.0) <= 0.2 * 4.0
    }  # fmt: skip
    found = matching_subsets(writes, 3, 4.0, SETTINGS, generator())
    assert expected
    assert {tuple(subset) for subset in found} == expected


def test_where_there_are_too_many_subsets_random_ones_are_looked_at():
    settings = MatchingSettings(largest_enumeration=100)
    found = matching_subsets(np.ones((30, 4)), 5, 10.0, settings, generator())
    assert 50 < len(found) <= 100
    assert len({tuple(subset) for subset in found}) == len(found)


def test_an_ablation_is_matched_by_features_of_the_same_size():
    found = sets(changes({0: 2.0, 1: 2.2, 2: 1.7, 3: 0.5, 4: 9.0}))
    vectors = [push.vector for (push,) in found]
    assert sorted(int(np.argmin(vector)) for vector in vectors) == [1, 2]
    assert all(np.linalg.norm(vector) == pytest.approx(2.0) for vector in vectors)


def test_features_of_the_circuit_are_never_controls():
    found = sets(changes({0: 2.0, 1: 2.0, 2: 2.0}), circuit=frozenset({(0, 0), (0, 1)}))
    assert [int(np.argmin(push.vector)) for (push,) in found] == [2]


def test_a_row_without_a_match_has_none():
    assert matched(changes({0: 2.0, 3: 0.5})) is None
    assert matched(changes({0: 2.0})) is None


def test_a_feature_stronger_than_all_others_is_matched_by_the_fewest_that_write_as_much():
    found = matched(changes({0: 5.0, 1: 3.0, 2: 3.0, 3: 3.0, 4: 1.0, 5: 1.0}))
    assert found.larger
    moved = {tuple(np.flatnonzero(push.vector)) for (push,) in found.sets}
    assert moved == {(1, 2), (1, 3), (2, 3)}
    assert all(np.linalg.norm(push.vector) == pytest.approx(5.0) for (push,) in found.sets)


def test_more_features_are_tried_up_to_a_limit():
    many = {0: 5.0} | dict.fromkeys(range(1, 8), 1.9)
    none_more = MatchingSettings(options=6, more_features=3)
    assert matched(changes(many)).larger
    assert matched(changes(many), settings=none_more) is None


def test_a_row_in_which_nothing_changes_has_the_empty_set():
    assert sets(changes({1: 2.0, 2: 1.0})) == [()]


def test_as_many_features_are_drawn_as_the_circuit_has():
    found = sets(changes({0: 3.0, 5: 4.0, 1: 3.0, 2: 4.0, 3: 3.5}, circuit=(0, 5)),
                 circuit=frozenset({(0, 0), (0, 5)}))  # fmt: skip
    assert len(found) == 3
    assert all(np.count_nonzero(push.vector) == 2 for (push,) in found)
    assert all(np.linalg.norm(push.vector) == pytest.approx(5.0) for (push,) in found)


def test_scaling_pushes_the_controls_the_same_way():
    ((push,),) = sets(changes({0: 2.0, 1: 2.0}, "scale", factor=3.0))
    assert push.vector[1] == pytest.approx(4.0)


def test_adding_to_a_silent_feature_is_matched_in_number_and_size_of_change():
    found = sets(changes({1: 0.3, 2: 7.0}, "add", value=5.0))
    assert {int(np.argmax(push.vector)) for (push,) in found} == {1, 2}
    assert all(np.linalg.norm(push.vector) == pytest.approx(5.0) for (push,) in found)


def test_a_partners_values_are_matched_in_the_partner():
    own, partner = row({0: 2.0, 1: 2.0, 3: 1.0}), row({4: 3.0, 5: 3.1, 6: 1.0})
    step = Step(part="p", action="set_from_partner", factor=1.0)
    off = Step(part="p", action="ablate")
    changed = RowChanges(
        own,
        (Change(0, 0, 1, 0.0, 0.0), Change(0, 4, 1, 0.0, 3.0)),
        (Group(off, (0, 1), own, 1, (0,), False), Group(step, (0, 1), partner, 1, (4,), False)),
    )
    ((push,),) = sets(changed, circuit=frozenset({(0, 0), (0, 4)}))
    scaled = np.sqrt(2.0**2 + 3.0**2) / np.sqrt(2.0**2 + 3.1**2)
    assert push.vector[1] == pytest.approx(-2.0 * scaled)
    assert push.vector[5] == pytest.approx(3.1 * scaled)


def test_draws_differ_and_pick_among_the_options_of_each_row():
    picked, exhaustive = draw_assignments([3, 1, 50], 50, generator())
    assert picked.shape == (50, 3)
    assert len({tuple(draw) for draw in picked}) == 50
    assert (picked.max(axis=0) < [3, 1, 50]).all()
    assert not exhaustive


def test_where_fewer_draws_exist_all_are_taken():
    picked, exhaustive = draw_assignments([2, 3, 1], 50, generator())
    assert exhaustive
    assert len({tuple(draw) for draw in picked}) == 6
