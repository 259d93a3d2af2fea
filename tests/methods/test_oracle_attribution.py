from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.graphs.graph import NodeKind
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.targets import GivenTokens
from atlas.models.sites import Site
from tests.methods.autograd_oracle import Oracle
from tests.models import tiny_models

pytestmark = pytest.mark.usefixtures("unchecked_shapes")

IDS = np.array([0, 4, 8, 6, 12, 5])
CASES = [
    ("llama", "relu", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("llama", "jumprelu", Site.RESIDUAL_MIDDLE, Site.MLP_WRITE),
    ("llama", "topk", Site.MLP_NORMALIZED, Site.MLP_WRITE),
    ("gpt2", "relu", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("gpt2", "topk", Site.MLP_NORMALIZED, Site.MLP_WRITE),
    ("gemma2", "jumprelu", Site.MLP_INPUT, Site.MLP_WRITE),
    ("gemma2", "relu", Site.MLP_NORMALIZED, Site.MLP_OUTPUT),
    ("neox", "relu", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("llama", "gated", Site.MLP_INPUT, Site.MLP_WRITE),
    ("gpt2", "batchtopk", Site.MLP_INPUT, Site.MLP_WRITE),
    ("neox-sequential", "relu", Site.RESIDUAL_MIDDLE, Site.MLP_OUTPUT),
    ("gemma3", "jumprelu", Site.MLP_INPUT, Site.MLP_WRITE),
    ("olmo", "relu", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("olmo2", "topk", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("gpt-oss", "relu", Site.MLP_INPUT, Site.MLP_OUTPUT),
]
WITH_SKIP = [
    ("llama", "relu", Site.RESIDUAL_MIDDLE, Site.MLP_WRITE),
    ("gpt2", "topk", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("gemma2", "relu", Site.MLP_NORMALIZED, Site.MLP_OUTPUT),
    ("neox", "jumprelu", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("olmo2", "relu", Site.MLP_INPUT, Site.MLP_OUTPUT),
    ("gpt-oss", "gated", Site.MLP_INPUT, Site.MLP_WRITE),
]


@pytest.mark.parametrize(
    ("family", "activation", "feature_input", "feature_output", "skip"),
    [(*case, "none") for case in CASES] + [(*case, "affine") for case in WITH_SKIP],
)
def test_rows_equal_those_of_automatic_differentiation(
    family, activation, feature_input, feature_output, skip, tiny_model
):
    model = tiny_model(family)
    check_rows(
        model,
        tiny_models.random_transcoders(model, activation, feature_input, feature_output, skip),
    )


@pytest.mark.parametrize(
    ("family", "activation", "feature_input", "feature_output", "skip"),
    [
        ("llama", "jumprelu", Site.RESIDUAL_MIDDLE, Site.MLP_WRITE, "none"),
        ("gpt2", "relu", Site.MLP_NORMALIZED, Site.MLP_WRITE, "affine"),
        ("gemma2", "topk", Site.MLP_INPUT, Site.MLP_OUTPUT, "none"),
        ("neox", "relu", Site.MLP_INPUT, Site.MLP_OUTPUT, "affine"),
    ],
)
def test_rows_of_cross_layer_transcoders_equal_those_of_automatic_differentiation(
    family, activation, feature_input, feature_output, skip, tiny_model
):
    model = tiny_model(family)
    check_rows(
        model,
        tiny_models.random_cross_layer(model, activation, feature_input, feature_output, skip),
    )


def check_rows(model, dictionary):
    graph = attribute(model, dictionary, IDS, AttributionSettings(GivenTokens((3, 7))))
    expected = Oracle(model, dictionary, torch.from_numpy(IDS)).rows(graph)
    found = graph.rows.toarray()
    compared = graph.nodes.kind <= NodeKind.TOKEN
    difference = np.abs(found - expected)[:, compared].max(axis=1)
    largest = np.abs(expected).max(axis=1)
    assert len(difference) > 20
    assert (difference <= 1e-5 * largest).all()
