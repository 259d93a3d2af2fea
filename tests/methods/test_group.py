"""Grouping finds the planted feature of every value, and looks at discovery rows only."""

from dataclasses import replace

import pytest

from atlas.entries.library import Library
from atlas.entries.position import Position
from atlas.errors import BadInput
from atlas.methods.group import GroupSettings, group_features
from atlas.models.loading import load_dictionary, load_model
from tests import planted_library

SETTINGS = GroupSettings("city", Position("last"), minimum_f1=0.6, screened=6, most=2)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The planted model with its dictionary, and all prompt rows."""
    root = tmp_path_factory.mktemp("library")
    (root / "no-notebooks").mkdir()
    library = Library.open(planted_library.build(root / "library", root / "no-notebooks"))
    model = load_model(library.root, "tiny")
    dictionary = load_dictionary(library.root, "tiny", "transcoders")
    return (model, dictionary), library.prompts("planted")


@pytest.fixture(scope="module")
def found(planted):
    engine, rows = planted
    return group_features(engine, [row for row in rows if row.split == "discovery"], SETTINGS)


def test_the_planted_feature_of_each_value_comes_first(found):
    first = {value: (members[0].layer, members[0].index) for value, members in found.items()}
    planted = {city: (planted_library.LAYER, n) for n, city in enumerate(planted_library.CITIES)}
    assert first == planted


def test_figures_are_those_of_a_perfect_detector(found):
    best = found[planted_library.CITIES[0]][0]
    assert best.f1 == pytest.approx(1.0)
    assert best.activation > 0
    assert best.effect > 0


def test_test_rows_are_refused(planted):
    engine, rows = planted
    with pytest.raises(BadInput, match="discovery rows only"):
        group_features(engine, rows, SETTINGS)


def test_an_entity_that_no_row_has_is_refused(planted):
    engine, rows = planted
    settings = GroupSettings("planet", Position("last"))
    with pytest.raises(BadInput, match="planet"):
        group_features(engine, [row for row in rows if row.split == "discovery"], settings)


def test_only_features_of_the_given_layers_are_proposed(planted):
    engine, rows = planted
    discovery = [row for row in rows if row.split == "discovery"]
    other = replace(SETTINGS, minimum_f1=0.01, layers=(0, 1))
    proposed = group_features(engine, discovery, other)
    assert {member.layer for group in proposed.values() for member in group} == {0, 1}
    with pytest.raises(BadInput, match="layers"):
        group_features(engine, discovery, replace(SETTINGS, layers=(99,)))
