"""A training run of a tiny model that takes a second."""

from itertools import count

import numpy as np

from atlas.methods.train_dictionary import TranscoderTraining
from atlas.methods.training.activation_stream import StreamSettings

SMALL = TranscoderTraining(
    features=48,
    k=6,
    steps=150,
    k_start=12,
    learning_rate=5e-3,
    revive_every=30,
    dead_after_steps=20,
    checkpoint_every=50,
    stream=StreamSettings(batch_tokens=128, buffer_tokens=512, passes=2),
)


def sequences(seed: int = 0, rows: int = 16, length: int = 9):
    """Batches of random sequences without end."""
    generator = np.random.default_rng(seed)
    for _ in count():
        ids = generator.integers(3, 40, (rows, length))
        ids[:, 0] = 0
        yield ids


def few(number: int, seed: int = 9):
    """That many batches."""
    batches = sequences(seed)
    return [next(batches) for _ in range(number)]
