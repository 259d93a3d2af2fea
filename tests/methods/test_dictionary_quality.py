import pytest
import torch

from atlas.methods.dictionary_quality import measure_quality
from atlas.methods.replace_mlps import ablated_logits, replaced_logits
from tests.methods.training.small_training import few
from tests.models import tiny_models


def test_losses_are_those_of_the_next_token_at_positions_that_count(tiny_model):
    model = tiny_model()
    dictionary = tiny_models.random_transcoders(model, "topk")
    (batch,) = few(1)
    batch[3, 5:] = 2  # padding
    quality = measure_quality(model, dictionary, [batch], pad_id=2)
    ids = torch.from_numpy(batch)

    def loss(logits):
        logs = logits.log_softmax(-1)
        told = [
            -logs[row, position, ids[row, position + 1]]
            for row in range(len(ids))
            for position in range(1, ids.shape[1] - 1)
            if ids[row, position + 1] != 2
        ]
        return float(torch.stack(told).mean())

    assert quality.loss == pytest.approx(loss(model.logits(ids)), rel=1e-5)
    assert quality.replaced_loss == pytest.approx(
        loss(replaced_logits(model, dictionary, ids)), rel=1e-5
    )
    assert quality.ablated_loss == pytest.approx(
        loss(ablated_logits(model, dictionary, ids)), rel=1e-5
    )
    kept = (quality.ablated_loss - quality.replaced_loss) / (quality.ablated_loss - quality.loss)
    assert quality.loss_recovered == pytest.approx(kept)
