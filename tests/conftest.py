"""What every test shares: offline mode, few threads, and where the repository is."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("atlas", deadline=None)
settings.load_profile("atlas")

REPOSITORY = Path(__file__).resolve().parent.parent
CHECKED_VARIABLE = "ATLAS_CHECK_SHAPES"  # set to anything: no test goes without the check of shapes


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout that holds these tests."""
    return REPOSITORY


@pytest.fixture
def unchecked_shapes(request):
    """Calls without the check of their arrays' shapes, which doubles what small models take.

    For tests that repeat, over families and kinds of dictionary, calls whose shapes others check,
    and for those of whole programs. What `make test-matrix` runs is always checked, and `make slow`
    runs the whole programs with the check once more.
    """
    from jaxtyping import config

    checked = request.node.get_closest_marker("matrix") or CHECKED_VARIABLE in os.environ
    config.update("jaxtyping_disable", not checked)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Files that other people published; they lie beside the checkout on some machines only."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/data with published files is absent")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """Gives a tiny random model of a family, built once per session."""
    from tests.models import tiny_models  # torch, for tests that ask for a model alone

    built = {}

    def get(family="llama", layers=3):
        if (family, layers) not in built:
            folder = tmp_path_factory.mktemp(f"{family}-{layers}")
            built[family, layers] = tiny_models.load_model(folder, family, layers)
        return built[family, layers]

    return get
