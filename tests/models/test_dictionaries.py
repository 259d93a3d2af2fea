from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from atlas.errors import ModelError
from atlas.models.activation_functions import BatchTopK, Gated, JumpReLU, ReLU, TopK
from atlas.models.coders import Transcoder
from atlas.models.dictionaries import TranscoderSet
from atlas.models.sites import Site


def coder(activation):
    return Transcoder(
        W_enc=torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]),
        b_enc=torch.tensor([0.0, -1.0, 0.0]),
        W_dec=torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]),
        b_dec=torch.tensor([0.5, 0.0]),
        activation=activation,
    )


def test_relu_keeps_positive_values():
    encoded = coder(ReLU()).encode(torch.tensor([[2.0, 3.0]]))
    assert encoded.tolist() == [[2.0, 2.0, 0.0]]


def test_jumprelu_keeps_values_strictly_above_the_threshold():
    activation = JumpReLU(torch.tensor([2.0, 1.0, 0.0]))
    encoded = coder(activation).encode(torch.tensor([[2.0, 3.0]]))
    assert encoded.tolist() == [[0.0, 2.0, 0.0]]


def test_topk_keeps_the_largest_and_negative_ones_unless_rectified():
    x = torch.tensor([[-3.0, 0.0]])  # pre-activations -3, -1, 3
    assert coder(TopK(2)).encode(x).tolist() == [[0.0, -1.0, 3.0]]
    assert coder(TopK(2, rectified=True)).encode(x).tolist() == [[0.0, 0.0, 3.0]]


@pytest.mark.parametrize(
    "activation",
    [
        ReLU(),
        JumpReLU(torch.tensor([2.0, 1.0, 0.0])),
        TopK(1),
        TopK(2, rectified=True),
        BatchTopK(1.5),
        Gated(torch.tensor([1.0, 2.0, 0.5]), torch.tensor([-1.0, 0.5, -1.0])),
    ],
)
def test_some_features_are_encoded_as_among_all(activation):
    x = torch.tensor([[2.0, 3.0], [-3.0, 0.5], [2.5, -1.0]])
    whole = coder(activation).encode(x)
    assert coder(activation).encode_features(x, (2, 0)).tolist() == whole[:, [2, 0]].tolist()
    assert coder(activation).encode_features(x, ()).shape == (3, 0)


def test_decoding_sums_the_decoder_rows_and_the_bias():
    assert coder(ReLU()).decode(torch.tensor([[2.0, 1.0, 5.0]])).tolist() == [[2.5, 2.0]]


def test_a_missing_layer_is_named():
    transcoders = TranscoderSet("mine", Site.MLP_INPUT, Site.MLP_WRITE, (coder(ReLU()),))
    with pytest.raises(ModelError, match=r"dictionary mine: expected one of its layers \[0\]"):
        transcoders.encode(1, torch.zeros(1, 2))


def test_matrices_in_half_precision_are_computed_with_in_full():
    whole = coder(ReLU())
    half = replace(whole, W_enc=whole.W_enc.bfloat16(), W_dec=whole.W_dec.bfloat16())
    transcoders = TranscoderSet("mine", Site.MLP_INPUT, Site.MLP_WRITE, (half,))
    moved = transcoders.to(torch.device("cpu"), torch.float64)
    x = torch.tensor([[2.0, 3.0]], dtype=torch.float64)
    assert moved.coder(0).W_dec.dtype == torch.bfloat16
    assert moved.coder(0).b_dec.dtype == torch.float64
    active = moved.encode(0, x)
    assert active.dtype == torch.float64
    assert active.tolist() == whole.encode(x.float()).tolist()
    assert moved.reconstruct(0, {0: active}, x).tolist() == whole.decode(active.float()).tolist()
    assert moved.write_vectors(0, [1]).tolist() == [[0.0, 2.0]]
    assert moved.write_vectors(0).dtype == torch.float64
