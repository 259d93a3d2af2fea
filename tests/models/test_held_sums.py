from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import ModelError
from atlas.methods.attribute import attribute
from atlas.models.held_sums import check_sums, places_of_sums
from atlas.models.replacement import freeze
from atlas.models.sites import Site
from tests.models import tiny_architectures, tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])


@pytest.mark.parametrize("family", tiny_architectures.UNLISTED)
def test_an_architecture_that_nobody_listed_is_traced_if_its_sums_add_up(family, tiny_model):
    model = tiny_model(family)
    graph = attribute(model, tiny_models.random_transcoders(model), IDS)
    tolerance = 1e-5 * np.maximum(1, np.abs(graph.row_totals))
    assert (np.abs(graph.closure_gap()) <= tolerance).all()


@pytest.mark.parametrize("family", tiny_architectures.REFUSED)
def test_one_that_does_not_fit_is_refused_in_one_line_that_says_where(family, tiny_model):
    model = tiny_model(family)
    _, message = tiny_architectures.REFUSED[family]
    with pytest.raises(ModelError, match=message) as caught:
        attribute(model, tiny_models.random_transcoders(model), IDS)
    assert f"({model.architecture})" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def held(tiny_model):
    model = tiny_model("llama")
    frozen = freeze(model, tiny_models.random_transcoders(model), torch.from_numpy(IDS))
    assert set(places_of_sums(model)) <= set(frozen.values)
    return model, frozen


@pytest.mark.parametrize(
    ("site", "layer", "message"),
    [
        (Site.RESIDUAL_MIDDLE, 1, "layer 1, attention"),
        (Site.RESIDUAL_AFTER, 2, "layer 2, MLP output"),
        (Site.RESIDUAL_BEFORE, 1, "layer 1, what it reads"),
        (Site.MLP_INPUT, 2, "layer 2, norm before the MLP"),
        (Site.LOGITS, 0, "layer 2, logits"),
    ],
)
def test_the_sum_that_a_changed_value_breaks_is_named(site, layer, message, held):
    model, frozen = held
    check_sums(model, frozen.attention, frozen.values)
    changed = {**frozen.values, (site, layer): 1.01 * frozen.values[site, layer]}
    with pytest.raises(ModelError, match=message):
        check_sums(model, frozen.attention, changed)


def test_attention_to_later_tokens_is_refused(held):
    model, frozen = held
    frozen.attention[1].pattern[0, 2, 4] = 1e-3
    with pytest.raises(ModelError, match="earlier tokens only"):
        check_sums(model, frozen.attention, frozen.values)
