from __future__ import annotations

import pytest

from tests.models import tiny_models


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """Gives a tiny random model of a family, built once per session."""
    built = {}

    def get(family="llama", layers=3):
        if (family, layers) not in built:
            folder = tmp_path_factory.mktemp(f"{family}-{layers}")
            built[family, layers] = tiny_models.load_model(folder, family, layers)
        return built[family, layers]

    return get
