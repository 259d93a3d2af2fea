from dataclasses import replace

import pytest
import torch

from atlas.errors import BadInput, UnknownFormat
from atlas.methods.dictionary_quality import measure_quality
from atlas.methods.train_dictionary import train_transcoders
from atlas.models.activation_functions import JumpReLU, TopK
from atlas.models.dictionaries import CrossLayerTranscoder
from tests.methods.training.small_training import SMALL, few, sequences


@pytest.fixture(scope="module")
def trained(tiny_model):
    return train_transcoders(tiny_model(), sequences(), SMALL)


def unexplained(model, dictionary):
    quality = measure_quality(model, dictionary, few(10))
    assert quality.tokens == 10 * 16 * 8
    assert all(3 < layer.active_per_token < 9 for layer in quality.layers)
    return [layer.unexplained_variance for layer in quality.layers]


def test_training_explains_most_of_each_layer_with_few_features(tiny_model, trained):
    assert max(unexplained(tiny_model(), trained)) < 0.7


def test_features_that_write_to_later_layers_explain_more_of_them(tiny_model, trained):
    model = tiny_model()
    settings = replace(SMALL, cross_layer=True)
    together = train_transcoders(model, sequences(), settings)
    assert isinstance(together, CrossLayerTranscoder)
    assert unexplained(model, together)[-1] < 0.9 * unexplained(model, trained)[-1]


def test_a_skip_connection_explains_more(tiny_model, trained):
    model = tiny_model()
    skipping = train_transcoders(model, sequences(), replace(SMALL, skip=True))
    pairs = zip(unexplained(model, skipping), unexplained(model, trained), strict=True)
    assert all(with_skip < 0.95 * without for with_skip, without in pairs)


def test_decoder_rows_have_norm_one(trained):
    for coder in trained.layers:
        torch.testing.assert_close(coder.W_dec.norm(dim=-1), torch.ones(48), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("gate", "kind"), [("top_k", TopK), ("batch_top_k", JumpReLU)])
def test_each_gate_has_its_published_activation_function(tiny_model, gate, kind):
    settings = replace(SMALL, gate=gate, steps=40)
    result = train_transcoders(tiny_model(), sequences(), settings)
    assert isinstance(result.layers[0].activation, kind)
    active = result.encode(0, torch.randn(50, 24)).count_nonzero(-1)
    assert kind is JumpReLU or int(active.max()) <= 6


def test_equal_seeds_give_equal_transcoders(tiny_model):
    settings = replace(SMALL, steps=20)
    first, second = (train_transcoders(tiny_model(), sequences(), settings) for _ in range(2))
    assert torch.equal(first.layers[1].W_enc, second.layers[1].W_enc)


def test_training_goes_on_from_its_checkpoint(tiny_model, tmp_path):
    path = tmp_path / "run.safetensors"
    with pytest.raises(BadInput, match="enough for"):
        train_transcoders(tiny_model(), few(30), SMALL, path)
    seen = []
    train_transcoders(tiny_model(), sequences(), SMALL, path, seen.append)
    assert [progress.step for progress in seen] == [100, 150]


def test_a_file_that_is_no_checkpoint_is_refused(tiny_model, tmp_path):
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(UnknownFormat):
        train_transcoders(tiny_model(), sequences(), SMALL, path)


def test_k_is_one_number_or_one_per_layer(tiny_model):
    with pytest.raises(BadInput, match=r"for each of 3 layers; found \(4, 5\)"):
        train_transcoders(tiny_model(), sequences(), replace(SMALL, k=(4, 5)))
