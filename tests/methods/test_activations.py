from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput
from atlas.methods.activations import ActivationSettings, activations
from atlas.models.sites import Site
from tests.models import tiny_models

IDS = np.array([[0, 4, 5, 6], [0, 7, 8, 9], [0, 10, 11, 2]])


def test_they_are_the_encoder_applied_to_the_input_site(tiny_model):
    model = tiny_model()
    dictionary = tiny_models.random_transcoders(model, "topk")
    sparse = activations(model, dictionary, IDS)
    place = (Site.MLP_INPUT, 1)
    dense = dictionary.encode(1, model.run(torch.from_numpy(IDS), read=[place]).values[place])
    dense[:, 0] = 0
    for index in range(tiny_models.FEATURES):
        expected = dense[:, :, index].numpy()
        np.testing.assert_allclose(sparse.dense(1, index), expected, atol=1e-6)
    assert bool((sparse.value != 0).all())


def test_chunks_give_what_one_batch_gives(tiny_model):
    model = tiny_model()
    dictionary = tiny_models.random_transcoders(model)
    whole = activations(model, dictionary, IDS)
    parts = activations(model, dictionary, IDS, ActivationSettings(rows_per_chunk=1))
    assert len(whole) == len(parts) > 0
    for column in ("layer", "row", "position", "index"):
        assert np.array_equal(getattr(whole, column), getattr(parts, column))
    np.testing.assert_allclose(whole.value, parts.value, atol=1e-6)


def test_columns_are_sorted_by_layer_row_position_and_feature(tiny_model):
    model = tiny_model()
    found = activations(model, tiny_models.random_transcoders(model), IDS)
    keys = list(zip(found.layer, found.row, found.position, found.index, strict=True))
    assert keys == sorted(keys)


def test_padding_and_the_first_position_are_left_out(tiny_model):
    model = tiny_model()
    dictionary = tiny_models.random_transcoders(model)
    found = activations(model, dictionary, IDS, lengths=np.array([4, 2, 3]))
    assert found.position[found.row == 1].max() == 1
    assert found.position.min() == 1
    settings = ActivationSettings(without_zero_positions=False, layers=(2,))
    with_first = activations(model, dictionary, IDS, settings)
    assert with_first.position.min() == 0
    assert set(with_first.layer) == {2}


def test_lengths_that_do_not_fit_are_refused(tiny_model):
    model = tiny_model()
    with pytest.raises(BadInput, match="lengths"):
        activations(model, tiny_models.random_transcoders(model), IDS, lengths=np.array([4, 2, 9]))
