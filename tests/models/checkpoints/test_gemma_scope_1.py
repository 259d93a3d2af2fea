from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints import gemma_scope_1
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.loading import read_dictionary
from atlas.models.sites import Site

FEATURES, WIDTH = 6, 4
X = torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(3))


def write(repository, layer, l0=71, width="16k"):
    folder = repository / f"layer_{layer}" / f"width_{width}" / f"average_l0_{l0}"
    folder.mkdir(parents=True)
    random = np.random.default_rng(layer)
    shapes = {
        "W_enc": (WIDTH, FEATURES),
        "W_dec": (FEATURES, WIDTH),
        "b_enc": (FEATURES,),
        "b_dec": (WIDTH,),
    }
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    arrays["threshold"] = random.random(FEATURES).astype(np.float32)
    np.savez(folder / "params.npz", **arrays)
    return folder, {name: torch.from_numpy(array) for name, array in arrays.items()}


def expected_activations(tensors):
    pre = X @ tensors["W_enc"] + tensors["b_enc"]
    return torch.relu(pre) * (pre > tensors["threshold"])


@pytest.mark.parametrize(("kind", "site"), [("res", Site.RESIDUAL_AFTER), ("mlp", Site.MLP_WRITE)])
def test_autoencoders_of_some_layers_are_read(kind, site, tmp_path):
    repository = tmp_path / f"gemma-scope-2b-pt-{kind}"
    tensors = {layer: write(repository, layer)[1] for layer in (3, 20)}
    read = read_dictionary(repository)
    assert isinstance(read, SparseAutoencoderSet)
    assert (read.feature_input, read.feature_output) == (site, site)
    assert (read.layer_numbers, read.model_name) == ((3, 20), "google/gemma-2-2b")
    active = expected_activations(tensors[20])
    torch.testing.assert_close(read.encode(20, X), active)
    rebuilt = active @ tensors[20]["W_dec"] + tensors[20]["b_dec"]
    torch.testing.assert_close(read.coder(20).decode(active), rebuilt)


def test_one_folder_of_the_hubs_cache_is_read(tmp_path):
    repository = tmp_path / "models--google--gemma-scope-9b-it-res" / "snapshots" / "0a1b"
    chosen, tensors = write(repository, 9)
    write(repository, 9, l0=120)
    read = gemma_scope_1.load(chosen)
    assert (read.layer_numbers, read.model_name) == ((9,), "google/gemma-2-9b-it")
    torch.testing.assert_close(read.encode(9, X), expected_activations(tensors))
    with pytest.raises(ModelError, match="one params.npz for each layer"):
        gemma_scope_1.load(repository)


def test_transcoders_are_read(tmp_path):
    repository = tmp_path / "gemma-scope-2b-pt-transcoders"
    tensors = [write(repository, layer)[1] for layer in (0, 1)]
    read = read_dictionary(repository)
    assert isinstance(read, TranscoderSet)
    assert (read.feature_input, read.feature_output) == (Site.MLP_NORMALIZED, Site.MLP_WRITE)
    torch.testing.assert_close(read.encode(1, X), expected_activations(tensors[1]))


def test_a_missing_layer_of_transcoders_is_an_error(tmp_path):
    repository = tmp_path / "gemma-scope-2b-pt-transcoders"
    write(repository, 1)
    with pytest.raises(ModelUnavailable, match="transcoders 0 to 1"):
        gemma_scope_1.load(repository)


@pytest.mark.parametrize("name", ["downloads", "gemma-scope-2b-pt-att"])
def test_a_path_that_does_not_tell_what_is_read_is_refused(name, tmp_path):
    write(tmp_path / name, 0)
    with pytest.raises(UnknownFormat, match="gemma-scope-2b-pt-res"):
        read_dictionary(tmp_path / name)


def test_a_file_outside_of_a_layers_folder_is_refused(tmp_path):
    folder, _ = write(tmp_path / "gemma-scope-2b-pt-res", 0)
    (folder / "params.npz").rename(tmp_path / "gemma-scope-2b-pt-res" / "params.npz")
    with pytest.raises(UnknownFormat, match="layer_<number>"):
        gemma_scope_1.load(tmp_path / "gemma-scope-2b-pt-res")
