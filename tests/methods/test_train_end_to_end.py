from dataclasses import replace

import pytest
import torch

from atlas.errors import BadInput
from atlas.methods.dictionary_quality import measure_quality
from atlas.methods.train_dictionary import train_transcoders
from atlas.methods.train_end_to_end import EndToEndTraining, train_end_to_end
from tests.methods.training.small_training import SMALL, few, sequences


@pytest.mark.parametrize(
    ("cross_layer", "skip"),
    [
        pytest.param(False, False, marks=pytest.mark.matrix),
        (False, True),
        pytest.param(True, True, marks=pytest.mark.matrix),
    ],
)
def test_training_end_to_end_brings_the_replaced_model_closer(tiny_model, cross_layer, skip):
    model, held_out = tiny_model(), few(10)
    settings = replace(SMALL, steps=60, cross_layer=cross_layer, skip=skip)
    trained = train_transcoders(model, sequences(), settings)
    before = measure_quality(model, trained, held_out)
    fine = EndToEndTraining(steps=40, learning_rate=3e-3, reconstruction_weight=0.1)
    together = train_end_to_end(model, trained, sequences(3), fine)
    after = measure_quality(model, together, held_out)
    assert after.divergence < 0.9 * before.divergence
    if not cross_layer:
        norms = together.layers[0].W_dec.norm(dim=-1)
        torch.testing.assert_close(norms, torch.ones(48), rtol=0, atol=1e-5)
    assert not together.layers[0].W_enc.requires_grad


def test_batches_that_end_early_are_refused(tiny_model):
    trained = train_transcoders(tiny_model(), sequences(), replace(SMALL, steps=5))
    with pytest.raises(BadInput, match="batches for 60 steps"):
        train_end_to_end(tiny_model(), trained, few(2), EndToEndTraining(steps=60))
