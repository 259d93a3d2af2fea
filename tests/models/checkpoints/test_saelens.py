from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints import saelens
from atlas.models.checkpoints.saelens_layer import TRANSCODERS
from atlas.models.dictionaries import TranscoderSet
from atlas.models.sites import Site


def write_with_saelens(folder, architecture):
    """An autoencoder made, filled with random numbers and saved by SAELens itself."""
    from sae_lens import SAE
    from sae_lens.saes.sae import SAEConfig

    extra = {"k": 3} if architecture == "topk" else {}
    hooks = {"hook_name": "blocks.2.hook_resid_post"}
    if "transcoder" in architecture:
        extra = {"d_out": 4, "apply_b_dec_to_input": False}
        hooks = {"hook_name": "blocks.0.mlp.hook_in", "hook_name_out": "blocks.0.hook_mlp_out"}
    config = SAEConfig.from_dict(
        {
            "architecture": architecture,
            "d_in": 4,
            "d_sae": 8,
            "apply_b_dec_to_input": True,
            "metadata": hooks,
            **extra,
        }
    )
    sae = SAE.get_sae_class_for_architecture(architecture)(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator).abs())
        sae.W_enc.sub_(0.7)
    sae.save_model(folder)
    return sae


# SAELens imports a module that TransformerLens 3.9 has renamed.
@pytest.mark.filterwarnings("ignore:The 'utils' module has been deprecated:DeprecationWarning")
@pytest.mark.parametrize("architecture", ["standard", "topk", "jumprelu", "gated"])
def test_it_encodes_and_decodes_as_saelens_does(architecture, tmp_path):
    sae = write_with_saelens(tmp_path / "layer-2", architecture)
    read = saelens.load(tmp_path, "residual")
    assert read.layer_numbers == (2,)
    assert read.feature_input is Site.RESIDUAL_AFTER
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)) * 3
    activations = read.encode(2, x)
    assert bool((activations != 0).any())
    torch.testing.assert_close(activations, sae.encode(x).detach(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        read.coder(2).decode(activations), sae(x).detach(), atol=1e-5, rtol=1e-5
    )


@pytest.mark.filterwarnings("ignore:The 'utils' module has been deprecated:DeprecationWarning")
@pytest.mark.parametrize("architecture", TRANSCODERS)
def test_transcoders_estimate_as_saelens_does(architecture, tmp_path):
    sae = write_with_saelens(tmp_path / "layer-0", architecture)
    read = saelens.load(tmp_path, "mlps")
    assert isinstance(read, TranscoderSet)
    assert (read.feature_input, read.feature_output) == (Site.MLP_INPUT, Site.MLP_WRITE)
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)) * 3
    active = {0: read.encode(0, x)}
    assert bool((active[0] != 0).any())
    torch.testing.assert_close(active[0], sae.encode(x).detach(), atol=1e-5, rtol=1e-5)
    estimate = read.reconstruct(0, active, x)
    torch.testing.assert_close(estimate, sae(x).detach(), atol=1e-5, rtol=1e-5)


def test_transcoders_need_every_layer_and_both_hooks(tmp_path):
    hooks = {"hook_name": "blocks.1.mlp.hook_in", "hook_name_out": "blocks.1.hook_mlp_out"}
    write_by_hand(tmp_path / "one", architecture="transcoder", metadata=hooks)
    with pytest.raises(ModelUnavailable, match=r"transcoders 0 to 1; found only \[1\]"):
        saelens.load(tmp_path)
    write_by_hand(tmp_path / "one", architecture="transcoder", metadata={"hook_name": "blocks.1.x"})
    with pytest.raises(UnknownFormat, match="mlp.hook_in"):
        saelens.load(tmp_path)
    far = {**hooks, "hook_name_out": "blocks.2.hook_mlp_out"}
    write_by_hand(tmp_path / "one", architecture="transcoder", metadata=far)
    with pytest.raises(UnknownFormat, match="hook_name_out: expected layer 1; found layer 2"):
        saelens.load(tmp_path)


def test_autoencoders_and_transcoders_do_not_mix(tmp_path):
    write_by_hand(tmp_path / "one", metadata={"hook_name": "blocks.1.hook_mlp_out"})
    hooks = {"hook_name": "blocks.0.mlp.hook_in", "hook_name_out": "blocks.0.hook_mlp_out"}
    write_by_hand(tmp_path / "two", architecture="transcoder", metadata=hooks)
    with pytest.raises(ModelError, match="one site for all layers"):
        saelens.load(tmp_path)


def write_by_hand(folder, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architecture": "standard",
        "d_in": 2,
        "d_sae": 3,
        "metadata": {"hook_name": "blocks.0.hook_resid_post"},
    }
    (folder / "cfg.json").write_text(json.dumps({**config, **changes}))
    weights = {
        "W_enc": torch.ones(2, 3),
        "W_dec": torch.full((3, 2), 2.0),
        "b_enc": torch.zeros(3),
        "b_dec": torch.tensor([1.0, 0.0]),
    }
    if changes.get("architecture") == "batchtopk":
        weights["topk_threshold"] = torch.tensor(5.0, dtype=torch.float64)
    save_file(weights, folder / "sae_weights.safetensors")


def test_the_decoder_bias_is_subtracted_from_the_input_only_if_the_file_says_so(tmp_path):
    x = torch.tensor([[3.0, 4.0]])
    write_by_hand(tmp_path)
    assert saelens.load(tmp_path).encode(0, x).tolist() == [[6.0, 6.0, 6.0]]
    write_by_hand(tmp_path, apply_b_dec_to_input=False)
    assert saelens.load(tmp_path).encode(0, x).tolist() == [[7.0, 7.0, 7.0]]


def test_topk_rescaled_by_decoder_norms_reconstructs_the_same(tmp_path):
    write_by_hand(tmp_path, architecture="topk", k=1, rescale_acts_by_decoder_norm=True)
    coder = saelens.load(tmp_path).coder(0)
    torch.testing.assert_close(coder.W_dec.norm(dim=-1), torch.ones(3))
    decoded = coder.decode(coder.encode(torch.tensor([[3.0, 4.0]])))
    torch.testing.assert_close(decoded, torch.tensor([[13.0, 12.0]]))


def test_batch_topk_becomes_a_threshold(tmp_path):
    write_by_hand(tmp_path, architecture="batchtopk")
    read = saelens.load(tmp_path)
    assert read.encode(0, torch.tensor([[3.0, 2.0]])).tolist() == [[0.0, 0.0, 0.0]]
    assert read.encode(0, torch.tensor([[3.0, 4.0]])).tolist() == [[6.0, 6.0, 6.0]]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("normalize_activations", "layer_norm"),
        ("reshape_activations", "hook_z"),
        ("architecture", "temporal"),
        ("metadata", {"hook_name": "blocks.0.attn.hook_q"}),
    ],
)
def test_what_cannot_be_read_exactly_is_refused(key, value, tmp_path):
    write_by_hand(tmp_path, **{key: value})
    with pytest.raises(UnknownFormat, match="hook_name" if key == "metadata" else key):
        saelens.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_a_config_that_is_no_json_is_refused_in_one_line(text, tmp_path):
    (tmp_path / "cfg.json").write_text(text)
    with pytest.raises(UnknownFormat, match="JSON"):
        saelens.load(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ModelUnavailable, match="cfg.json"):
        saelens.load(tmp_path)
