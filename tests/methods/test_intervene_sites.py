"""Neurons and directions in the stream in all three modes, and changes of all kinds together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.methods.intervene import (
    DirectionIntervention,
    FeatureIntervention,
    HeadIntervention,
    InterventionSettings,
    NeuronIntervention,
    PromptBatch,
    Span,
    StreamIntervention,
    intervene,
    iterative_edits,
)
from atlas.models.sites import Site
from tests.methods.intervened import CLOSE, DIRECT, EVERY_FAMILY, IDS, MODES, read
from tests.models import tiny_architectures, tiny_models

WITH_NEURONS = tuple(family for family in EVERY_FAMILY if family not in tiny_architectures.MIXTURES)


@pytest.mark.parametrize("family", WITH_NEURONS)
def test_a_neuron_writes_its_output_weights(family, tiny_model):
    model = tiny_model(family)
    activations = read(model, Site.NEURON, 1)
    strongest = int(activations[0, 3].abs().argmax())
    now = float(activations[0, 3, strongest])
    wanted = {"ablate": 0.0, "set": 2.0, "scale": 3 * now, "add": now + 2.0}
    values = {"ablate": 0.0, "set": 2.0, "scale": 3.0, "add": 2.0}
    for action, becomes in wanted.items():

        def moved(value, becomes=becomes):
            changed = value.clone()
            changed[0, 3] += (becomes - now) * model.neuron_output(1)[strongest]
            return changed

        expected = model.run(IDS, edits={(Site.MLP_OUTPUT, 1): moved}).logits
        change = NeuronIntervention(1, strongest, 3, action, values[action])
        found = intervene(model, None, IDS, [[change]]).logits
        torch.testing.assert_close(found, expected, **CLOSE)
        assert (found - model.logits(IDS)).abs().max() > 1e-4


@pytest.mark.parametrize("output", [Site.MLP_OUTPUT, Site.MLP_WRITE])
@pytest.mark.parametrize("mode", ["constrained", "direct"])
@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "olmo2", "phi3"])
def test_a_neuron_of_a_held_mlp_pushes_what_it_writes(family, mode, output, tiny_model):
    model = tiny_model(family)
    at_output = tiny_models.random_transcoders(model)
    now = float(read(model, Site.NEURON, 1)[0, 3, 7])
    vector = (4.0 - now) * model.neuron_output(1)[7]
    settings = InterventionSettings(mode)
    push = DirectionIntervention(1, 3, vector.numpy())
    if mode == "direct" or output is Site.MLP_OUTPUT or model.mlp_post_norm(1) is None:
        # A push before the post-norm; in direct mode that norm's scale is held too.
        expected = intervene(model, at_output, IDS, [[push]], settings).logits
    else:
        norm, scale = model.mlp_post_norm(1), read(model, Site.MLP_POST_NORM_SCALE, 1)[0, 3]
        after = DirectionIntervention(1, 3, (norm.forward(vector) / scale).numpy())
        at_write = tiny_models.random_transcoders(model, feature_output=Site.MLP_WRITE)
        expected = intervene(model, at_write, IDS, [[after]], settings).logits
    dictionary = tiny_models.random_transcoders(model, feature_output=output)
    change = NeuronIntervention(1, 7, 3, "set", 4.0)
    found = intervene(model, dictionary, IDS, [[change]], settings).logits
    torch.testing.assert_close(found, expected, **CLOSE)


@pytest.mark.parametrize("family", tiny_architectures.MIXTURES)
def test_experts_have_no_neurons_to_change(family, tiny_model):
    model = tiny_model(family)
    with pytest.raises(ModelError, match="layer 1: expected one MLP for all tokens; found experts"):
        intervene(model, None, IDS, [[NeuronIntervention(1, 0, 2)]])


@pytest.mark.parametrize(
    ("action", "value"), [("set", 3.0), ("scale", -2.0), ("ablate", 0.0), ("add", 0.5)]
)
def test_one_component_of_the_stream_is_changed(action, value, model):
    vector = np.random.default_rng(0).normal(size=24)
    unit = torch.from_numpy(vector / np.linalg.norm(vector)).float()

    def moved(stream):
        along = (stream[0, 2] @ unit)[None]
        target = {"set": value, "scale": value * along, "ablate": 0.0 * along}.get(action)
        changed = stream.clone()
        if action == "add":
            changed[0, 2] += value * torch.from_numpy(vector).float()
        else:
            changed[0, 2] += (target - along) * unit
        return changed

    expected = model.run(IDS, edits={(Site.RESIDUAL_BEFORE, 1): moved}).logits
    change = StreamIntervention(1, 2, vector, action, value)
    found = intervene(model, None, IDS, [[change]]).logits
    torch.testing.assert_close(found, expected, **CLOSE)
    assert (found - model.logits(IDS)).abs().max() > 1e-4


def test_ablating_a_direction_everywhere_is_writing_nothing_along_it(tmp_path):
    """Arditi et al. 2024: the same as weights that cannot write along the direction."""
    vector = np.random.default_rng(1).normal(size=24)
    unit = torch.from_numpy(vector / np.linalg.norm(vector)).float()
    model = tiny_models.load_model(tmp_path)
    change = StreamIntervention(None, Span(0), vector)
    found = intervene(model, None, IDS, [[change]]).logits
    assert (found - model.logits(IDS)).abs().max() > 1e-2
    with torch.no_grad():
        for name, parameter in model._bridge.original_model.named_parameters():
            if "embed_tokens" in name:
                parameter -= (parameter @ unit)[:, None] * unit
            elif "o_proj" in name or "down_proj" in name:  # weights [d_model, …], biases [d_model]
                along = unit @ parameter
                parameter -= torch.outer(unit, along) if parameter.ndim == 2 else along * unit
    torch.testing.assert_close(found, model.logits(IDS), **CLOSE)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "neox", "olmo2", "gpt-oss"])
def test_every_part_reads_what_a_direction_is_set_to(family, tiny_model):
    model = tiny_model(family)
    vector = np.random.default_rng(2).normal(size=24)
    unit = torch.from_numpy(vector / np.linalg.norm(vector)).float()
    change = StreamIntervention(None, Span(2), vector, "set", 1.5)
    edits = iterative_edits((model, None), [[change]], [6])
    sites = (Site.RESIDUAL_BEFORE, Site.RESIDUAL_MIDDLE, Site.RESIDUAL_AFTER)
    places = [(site, layer) for site in sites for layer in range(3) if model.has(site, layer)]
    places = [place for place in places if place[0] is not Site.RESIDUAL_AFTER or place[1] == 2]
    values = model.run(IDS, read=places, edits=edits).values
    for place in places:
        along = values[place][0] @ unit
        torch.testing.assert_close(along[2:], torch.full((4,), 1.5), **CLOSE)
        assert (along[:2] - 1.5).abs().max() > 1e-2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", tiny_models.LAYOUTS)
def test_rows_with_changes_of_all_kinds_do_not_touch_each_other(family, mode, tiny_model):
    model = tiny_model(family)
    dictionary = tiny_models.random_cross_layer(model, skip="linear")
    vector = np.random.default_rng(3).normal(size=24)
    ids = torch.cat([IDS, torch.tensor([[0, 9, 10, 2, 2, 2]]), IDS])
    rows = [
        [HeadIntervention(1, 2, Span(1)), NeuronIntervention(0, 4, -1, "add", 2.0)],
        [StreamIntervention(1, -1, vector), HeadIntervention(2, 0, 2, "scale", 2.0)],
        [FeatureIntervention(1, 3, -1, "set", 4.0), HeadIntervention(0, 1, 3)],
    ]
    lengths = (6, 3, 6)
    together = intervene(
        model, dictionary, ids, rows, InterventionSettings(mode, lengths=lengths)
    ).logits
    for row, length in enumerate(lengths):
        alone = ids[[row], :length]
        expected = intervene(model, dictionary, alone, [rows[row]], InterventionSettings(mode))
        torch.testing.assert_close(together[[row], :length], expected.logits, **CLOSE)


def test_direct_effects_of_all_kinds_add_up(model, dictionary):
    batch = PromptBatch(model, dictionary, IDS)
    vector = np.random.default_rng(4).normal(size=24)
    kinds = [
        FeatureIntervention(0, 3, 2, "add", 3.0),
        HeadIntervention(1, 2, 4),
        HeadIntervention(0, 1, 2, "scale", 2.0),
        NeuronIntervention(1, 5, 3, "set", 2.0),
        StreamIntervention(1, 4, vector),
    ]
    base = batch.run([[]], DIRECT).raw_logits
    effects = [batch.run([[kind]], DIRECT).raw_logits - base for kind in kinds]
    assert all(effect.abs().max() > 1e-4 for effect in effects)
    together = batch.run([kinds], DIRECT).raw_logits - base
    torch.testing.assert_close(together, sum(effects), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_many_changes_of_one_prompt_share_what_is_held(mode, model, dictionary, monkeypatch):
    batch = PromptBatch(model, dictionary, IDS)
    options = [[HeadIntervention(1, head, 3)] for head in range(4)]
    options += [[NeuronIntervention(0, 2, 3)], [FeatureIntervention(1, 3, 2, "set", 4.0)]]
    settings = InterventionSettings(mode)
    batch.run([[]], settings)  # keeps what is held
    expected = [batch.run([option], settings).logits[0] for option in options]
    passes = []
    run = model.run
    monkeypatch.setattr(
        model, "run", lambda *given, **more: passes.append(1) or run(*given, **more)
    )
    found = batch.repeated(len(options)).run(options, settings).logits
    assert len(passes) == 1
    torch.testing.assert_close(found, torch.stack(expected), **CLOSE)
    with pytest.raises(BadInput, match="prompts to repeat"):
        batch.repeated(2).repeated(2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([HeadIntervention(0, 4, 2)], "heads of layer 0: expected a number below 4"),
        ([HeadIntervention(3, 0, 2)], "a layer below 3"),
        ([HeadIntervention(0, 0, 6)], "a position below 6"),
        ([HeadIntervention(0, 0, 2, "set", vector=np.zeros(3))], "a vector of width 6"),
        ([HeadIntervention(0, 0, 2), HeadIntervention(0, 0, Span(1))], "one change per position"),
        ([NeuronIntervention(1, 32, 2)], "neurons of layer 1: expected a number below 32"),
        ([NeuronIntervention(1, -1, 2)], "a number from 0 on"),
        ([StreamIntervention(1, 2, np.ones(3))], "width 24"),
        ([FeatureIntervention(0, 1, 2)], "a dictionary with that feature"),
    ],
)
def test_changes_that_do_not_fit_are_refused(changes, message, model):
    with pytest.raises((BadInput, ModelError), match=message):
        intervene(model, None, IDS, [changes])


def test_changes_that_mean_nothing_are_refused(model, dictionary):
    with pytest.raises(BadInput, match="a vector with set and add"):
        HeadIntervention(0, 0, 2, "set")
    with pytest.raises(BadInput, match="a vector with set and add"):
        HeadIntervention(0, 0, 2, "ablate", vector=np.zeros(6))
    with pytest.raises(BadInput, match="expected one layer"):
        StreamIntervention(None, 2, np.ones(24), "add", 1.0)
    with pytest.raises(BadInput, match="found zeros"):
        StreamIntervention(1, 2, np.zeros(24))
    everywhere = [[StreamIntervention(None, 2, np.ones(24))]]
    with pytest.raises(BadInput, match="all layers in direct mode"):
        intervene(model, dictionary, IDS, everywhere, DIRECT)
    with pytest.raises(ModelError, match="no dictionary"):
        intervene(model, None, IDS, [[]], DIRECT)
