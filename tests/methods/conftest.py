from __future__ import annotations

import pytest

from atlas.methods.attribute import attribute
from tests.methods.traced_models import IDS, cases
from tests.models import tiny_models
from tests.models.tiny_architectures import SUPPORTED

EVERY = {"encoder_bias", "decoder_bias", "zero_position_mlp"}  # constants of every family


@pytest.fixture(scope="module", params=cases(), ids="-".join)
def traced(request, tiny_model):
    """Constants that are expected, model, dictionary and graph."""
    family, kind, activation = request.param
    model = tiny_model(family)
    dictionary = tiny_models.random_dictionary(kind, model, activation)
    has_skip_bias = dictionary.skip(0) is not None and dictionary.skip(0).bias is not None
    constants = EVERY | SUPPORTED[family].constants | ({"skip_bias"} if has_skip_bias else set())
    return constants, model, dictionary, attribute(model, dictionary, IDS)


@pytest.fixture
def model(tiny_model):
    """A tiny random model."""
    return tiny_model("llama")


@pytest.fixture
def dictionary(model):
    """Random transcoders of it."""
    return tiny_models.random_transcoders(model)
