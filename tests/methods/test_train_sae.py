import json

import numpy as np
import pytest
import torch

from atlas.errors import BadInput
from atlas.methods.dictionary_quality import measure_quality
from atlas.methods.train_sae import SaeTraining, train_saes
from atlas.methods.training.activation_stream import StreamSettings
from atlas.models.activation_functions import JumpReLU

# SAELens and what it imports warn about themselves.
pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = SaeTraining(
    features=48,
    k=6.0,
    steps=100,
    learning_rate=5e-3,
    dead_after_steps=20,
    scale_batches=2,
    stream=StreamSettings(batch_tokens=128, buffer_tokens=512),
)


def sequences(number: int):
    generator = np.random.default_rng(0)
    for _ in range(number):
        ids = generator.integers(3, 40, (16, 9))
        ids[:, 0] = 0
        yield ids


def test_autoencoders_are_trained_and_saved_so_that_saelens_reads_them(tiny_model, tmp_path):
    from sae_lens import SAE

    model, seen = tiny_model(), []
    result = train_saes(model, sequences(200), SMALL, tmp_path, seen.append)
    assert [progress.step for progress in seen] == [50, 100]
    quality = measure_quality(model, result, sequences(10))
    for layer in quality.layers:
        assert layer.unexplained_variance < 0.75
        assert 2 < layer.active_per_token < 12
    assert isinstance(result.coder(2).activation, JumpReLU)
    config = json.loads((tmp_path / "layer_2" / "cfg.json").read_text())
    assert config["metadata"]["hook_name"] == "blocks.2.hook_resid_post"
    theirs = SAE.load_from_disk(tmp_path / "layer_2")
    x = torch.randn(20, model.d_model) * 3
    torch.testing.assert_close(
        theirs.encode(x).detach(), result.coder(2).encode(x), rtol=1e-4, atol=1e-4
    )


def test_sequences_that_end_early_are_refused(tiny_model, tmp_path):
    with pytest.raises(BadInput, match="enough for"):
        train_saes(tiny_model(), sequences(20), SMALL, tmp_path)
