"""What the tests of interventions share: a prompt, the families, the modes, how close is equal."""

from __future__ import annotations

import torch

from atlas.methods.intervene import InterventionSettings
from tests.models import tiny_architectures, tiny_models

IDS = torch.tensor([[0, 4, 8, 6, 12, 5]])
EVERY_FAMILY = (*tiny_models.FAMILIES, *tiny_architectures.UNLISTED)
MODES = ("iterative", "constrained", "direct")
DIRECT = InterventionSettings("direct")
CLOSE = {"atol": 2e-5, "rtol": 1e-4}


def read(model, site, layer, edits=None):
    """The values at a site."""
    return model.run(IDS, read=[(site, layer)], edits=edits).values[site, layer]
