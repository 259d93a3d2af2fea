from __future__ import annotations

import pytest
import torch

from atlas.methods.dictionary_quality import measure_quality
from atlas.methods.replace_mlps import replaced_logits
from tests.models import tiny_models

IDS = torch.tensor([[0, 4, 8, 6, 12, 5], [0, 9, 3, 7, 11, 10]])
KINDS = ("plain", "affine", "cross_layer_skip")


def estimate(dictionary, layer, inputs):
    """One layer's output from the inputs of all layers, written out."""
    total = dictionary.coder(layer).b_dec
    for source in range(layer + 1):
        coder = dictionary.coder(source)
        if layer - source < coder.reach:
            active = torch.relu(inputs[source] @ coder.W_enc.T + coder.b_enc)
            total = total + active @ coder.decoder(layer - source)
    skip = dictionary.skip(layer)
    return total if skip is None else total + inputs[layer] @ skip.weight.T + skip.bias


@pytest.mark.parametrize("kind", KINDS)
def test_all_mlps_give_the_dictionarys_estimate_except_at_the_first_token(kind, tiny_model):
    model = tiny_model("gpt2")
    dictionary = tiny_models.random_dictionary(kind, model)
    edits, inputs = {}, {}
    for layer in range(model.layers):
        reads, writes = (dictionary.feature_input, layer), (dictionary.feature_output, layer)
        values = model.run(IDS, read=[reads, writes], edits=edits).values
        inputs[layer] = values[reads]
        new = estimate(dictionary, layer, inputs)
        new[:, 0] = values[writes][:, 0]
        edits[writes] = lambda value, new=new: new
    expected = model.run(IDS, edits=edits).logits
    found = replaced_logits(model, dictionary, IDS)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_quality_compares_estimates_with_what_the_mlps_write(kind, tiny_model):
    model = tiny_model("llama")
    dictionary = tiny_models.random_dictionary(kind, model)
    quality = measure_quality(model, dictionary, [IDS.numpy()])
    sites = (dictionary.feature_input, dictionary.feature_output)
    places = [(site, layer) for site in sites for layer in range(model.layers)]
    values = model.run(IDS, read=places).values
    inputs = {layer: values[sites[0], layer][:, 1:] for layer in range(model.layers)}
    for layer in quality.layers:
        written = values[sites[1], layer.layer][:, 1:]
        error = (written - estimate(dictionary, layer.layer, inputs)).pow(2).sum()
        spread = (written - written.mean((0, 1))).pow(2).sum()
        assert layer.unexplained_variance == pytest.approx(float(error / spread), rel=1e-4)
    assert (quality.tokens, quality.layers[2].features) == (10, dictionary.features(2))
