from __future__ import annotations

import pytest
import torch

from atlas.errors import ModelError
from atlas.models.activation_functions import BatchTopK, Gated, JumpReLU, ReLU, TopK
from atlas.models.checkpoints import saelens, saelens_save
from atlas.models.coders import Skip, SparseAutoencoder, Transcoder
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.sites import Site

WIDTH, FEATURES = 4, 8
FUNCTIONS = {
    "relu": ReLU(),
    "jumprelu": JumpReLU(torch.linspace(0, 1, FEATURES)),
    "batchtopk": BatchTopK(0.4),
    "gated": Gated(torch.linspace(0.5, 1.5, FEATURES), torch.full((FEATURES,), -0.6)),
    "topk": TopK(3, rectified=True),
}


def numbers(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def tensors(seed):
    shapes = {
        "W_enc": (FEATURES, WIDTH),
        "b_enc": (FEATURES,),
        "W_dec": (FEATURES, WIDTH),
        "b_dec": (WIDTH,),
    }
    return {name: numbers(*shape, seed=seed + n) for n, (name, shape) in enumerate(shapes.items())}


def inputs():
    return 3 * numbers(6, WIDTH, seed=1)


def in_saelens(folder):
    from sae_lens import SAE

    return SAE.load_from_disk(folder)


@pytest.mark.filterwarnings("ignore:The 'utils' module has been deprecated:DeprecationWarning")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_saelens_reads_the_same_autoencoder(function, tmp_path):
    coder = SparseAutoencoder(**tensors(10), activation=FUNCTIONS[function])
    site = Site.RESIDUAL_AFTER
    saelens_save.save(SparseAutoencoderSet("mine", site, site, {3: coder}), tmp_path, "tiny")
    sae, active = in_saelens(tmp_path / "layer-3"), coder.encode(inputs())
    assert bool((active != 0).any())
    torch.testing.assert_close(sae.encode(inputs()).detach(), active, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(sae(inputs()).detach(), coder.decode(active), atol=1e-5, rtol=1e-5)
    read = saelens.load(tmp_path)
    assert (read.layer_numbers, read.feature_input, read.model_name) == ((3,), site, "tiny")
    torch.testing.assert_close(read.encode(3, inputs()), active)


@pytest.mark.filterwarnings("ignore:The 'utils' module has been deprecated:DeprecationWarning")
@pytest.mark.parametrize("skip", ["none", "linear", "affine"])
@pytest.mark.parametrize("function", ["relu", "jumprelu"])
def test_saelens_reads_the_same_transcoders(function, skip, tmp_path):
    bias = numbers(WIDTH, seed=8) if skip == "affine" else None
    path = None if skip == "none" else Skip(numbers(WIDTH, WIDTH, seed=7), bias)
    layers = tuple(
        Transcoder(**tensors(seed), activation=FUNCTIONS[function], skip=path) for seed in (20, 30)
    )
    mine = TranscoderSet("mine", Site.MLP_INPUT, Site.MLP_WRITE, layers)
    saelens_save.save(mine, tmp_path, "tiny")
    read = saelens.load(tmp_path)
    assert (read.feature_input, read.feature_output) == (Site.MLP_INPUT, Site.MLP_WRITE)
    for layer in range(2):
        active = {layer: mine.encode(layer, inputs())}
        expected = mine.reconstruct(layer, active, inputs())
        found = in_saelens(tmp_path / f"layer-{layer}")(inputs()).detach()
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(read.reconstruct(layer, active, inputs()), expected)


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (TopK(3, rectified=True), "in transcoders; .* write circuit-tracer's layout"),
        (TopK(3), "clipped at 0; .* write circuit-tracer's layout"),
        (JumpReLU(torch.full((FEATURES,), -0.1)), "thresholds below 0"),
    ],
)
def test_functions_without_a_name_are_refused(activation, message, tmp_path):
    coder = Transcoder(**tensors(10), activation=activation)
    mine = TranscoderSet("mine", Site.MLP_INPUT, Site.MLP_WRITE, (coder,))
    with pytest.raises(ModelError, match=message):
        saelens_save.save(mine, tmp_path, "tiny")


def test_sites_without_a_name_are_refused(tmp_path):
    coder = Transcoder(**tensors(10), activation=ReLU())
    mine = TranscoderSet("mine", Site.RESIDUAL_BEFORE, Site.MLP_WRITE, (coder,))
    with pytest.raises(ModelError, match="residual_before"):
        saelens_save.save(mine, tmp_path, "tiny")
