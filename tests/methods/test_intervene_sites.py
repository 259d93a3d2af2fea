"""Heads, neurons and directions in the stream, changed in all three modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import NodeKind
from atlas.methods.attribute import attribute
from atlas.methods.head_loadings import head_loadings
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
from atlas.methods.intervention.head_outputs import head_output
from atlas.models.sites import Site
from tests.models import tiny_architectures, tiny_models

IDS = torch.tensor([[0, 4, 8, 6, 12, 5]])
OTHER = np.array([0, 9, 10, 11, 3])
EVERY_FAMILY = (*tiny_models.FAMILIES, *tiny_architectures.UNLISTED)
WITH_NEURONS = tuple(family for family in EVERY_FAMILY if family not in tiny_architectures.MIXTURES)
MODES = ("iterative", "constrained", "direct")
DIRECT = InterventionSettings("direct")
CLOSE = {"atol": 2e-5, "rtol": 1e-4}


@pytest.fixture
def model(tiny_model):
    return tiny_model("llama")


@pytest.fixture
def dictionary(model):
    return tiny_models.random_transcoders(model)


def read(model, site, layer, edits=None):
    return model.run(IDS, read=[(site, layer)], edits=edits).values[site, layer]


@pytest.mark.parametrize("factor", [0.0, 2.5])
@pytest.mark.parametrize("family", [each for each in EVERY_FAMILY if each != "gptj"])
def test_scaling_a_head_is_scaling_what_it_looks_at(family, factor, tiny_model):
    """A head's output is pattern times values, so its row of the pattern says the same."""
    model = tiny_model(family)

    def scaled(pattern):
        changed = pattern.clone()
        changed[:, 2, 4] *= factor
        return changed

    expected = model.run(IDS, edits={(Site.ATTENTION_PATTERN, 1): scaled}).logits
    head = HeadIntervention(1, 2, 4, "scale", factor) if factor else HeadIntervention(1, 2, 4)
    found = intervene(model, None, IDS, [[head]]).logits
    torch.testing.assert_close(found, expected, **CLOSE)
    assert (found - model.logits(IDS)).abs().max() > 1e-3


def test_a_head_whose_pattern_cannot_be_changed_writes_its_output_weights(tiny_model):
    """The attention of GPT-J runs as transformers has it: its pattern is only shown."""
    model = tiny_model("gptj")
    output = read(model, Site.HEAD_OUTPUT, 2)[0, 4, 1] @ model.attention(2).output[1]
    place = (Site.RESIDUAL_AFTER, 2)
    end = read(model, *place).clone()
    end[0, 4] -= output
    expected = model.run(IDS, edits={place: lambda value: end}).logits
    found = intervene(model, None, IDS, [[HeadIntervention(2, 1, 4)]]).logits
    torch.testing.assert_close(found, expected, **CLOSE)
    dictionary = tiny_models.random_transcoders(model)
    for settings in (DIRECT, InterventionSettings("constrained")):
        with pytest.raises(ModelError, match="attention whose pattern can be held"):
            intervene(model, dictionary, IDS, [[]], settings)


def test_only_the_named_head_gets_what_is_set_or_added(model):
    vector = np.linspace(-1, 1, 6, dtype=np.float32)
    clean = read(model, Site.HEAD_OUTPUT, 0)
    for action, expected in (("set", vector), ("add", clean[0, 3, 1].numpy() + vector)):
        change = HeadIntervention(0, 1, 3, action, vector=vector)
        seen = []

        def watch(value, seen=seen):
            seen.append(value)
            return value

        edits = iterative_edits((model, None), [[change]], [6])
        place = (Site.HEAD_OUTPUT, 0)
        edit = edits[place]
        model.run(IDS, edits={place: lambda value, edit=edit, watch=watch: watch(edit(value))})
        changed = clean.clone()
        changed[0, 3, 1] = torch.from_numpy(np.asarray(expected))
        torch.testing.assert_close(seen[0], changed)


def test_a_head_set_to_what_it_gives_elsewhere(model):
    """Patching every head of a layer is patching the layer's attention."""
    layer, position = 1, 2
    heads = [
        HeadIntervention(layer, head, position, "set", vector=head_output(
            model, [OTHER], (layer, head), position
        ))
        for head in range(model.heads)
    ]  # fmt: skip
    found = intervene(model, None, IDS, [heads]).logits
    other = torch.from_numpy(OTHER)[None]
    sites = [(Site.RESIDUAL_BEFORE, layer), (Site.RESIDUAL_MIDDLE, layer)]
    values = model.run(other, read=sites).values
    lent = (values[sites[1]] - values[sites[0]])[0, position]
    own = model.run(IDS, read=sites).values
    moved = lent - (own[sites[1]] - own[sites[0]])[0, position]

    def patched(stream):
        changed = stream.clone()
        changed[0, position] += moved
        return changed

    # The MLP reads the changed middle; the end of the layer is the middle and what it writes.
    edits = {sites[1]: patched, (Site.RESIDUAL_AFTER, layer): patched}
    torch.testing.assert_close(found, model.run(IDS, edits=edits).logits, **CLOSE)


def test_the_mean_output_is_over_prompts_and_positions(model):
    first = head_output(model, [IDS[0].numpy()], (2, 3))
    second = head_output(model, [OTHER], (2, 3))
    both = head_output(model, [IDS[0].numpy(), OTHER], (2, 3))
    np.testing.assert_allclose(both, (first + second) / 2)
    by_hand = [head_output(model, [OTHER], (2, 3), position) for position in range(1, 5)]
    np.testing.assert_allclose(second, np.mean(by_hand, axis=0))
    from_end = head_output(model, [OTHER], (2, 3), -1)
    np.testing.assert_array_equal(from_end, by_hand[-1])
    with pytest.raises(BadInput, match="at least one"):
        head_output(model, [], (2, 3))
    with pytest.raises(BadInput, match="a token at 7"):
        head_output(model, [OTHER], (2, 3), 7)
    with pytest.raises(BadInput, match="below 4"):
        head_output(model, [OTHER], (2, 4))


@pytest.mark.parametrize("factor", [0.0, 2.0])
def test_a_head_of_the_first_layer_moves_the_linear_graph_by_its_loadings(factor, tiny_model):
    """Below the first layer's attention lie the tokens alone, so its loadings are all it carries.

    This family has no biases, and its positions are rotations.
    """
    model = tiny_model("llama-rope")
    dictionary = tiny_models.random_transcoders(model)
    graph = attribute(model, dictionary, IDS[0].numpy())
    from_tokens = np.flatnonzero(graph.nodes.kind[graph.edges.sources] == NodeKind.TOKEN)
    loadings = head_loadings(model, dictionary, graph, from_tokens)
    base = intervene(model, dictionary, IDS, [[]], DIRECT).raw_logits[0, -1]
    for head in range(model.heads):
        change = HeadIntervention(0, head, Span(0), "scale", factor)
        after = intervene(model, dictionary, IDS, [[change]], DIRECT).raw_logits[0, -1]
        moved = (after - base) - (after - base).mean()
        for node in graph.logit_nodes:
            carried = loadings.heads[loadings.targets == node, 0, head].sum()
            expected = (factor - 1) * carried
            assert abs(carried) > 1e-6
            token = int(graph.nodes.index[node])
            assert float(moved[token]) == pytest.approx(expected, abs=2e-5, rel=1e-3)


@pytest.mark.parametrize("mode", ["constrained", "direct"])
def test_a_head_in_a_frozen_mode_is_its_write_added_to_the_stream(mode, model, dictionary):
    """With the MLP of its layer held, what a head writes meets the next layer as it is."""
    output = model.attention(1).output[2]
    write = (1.5 - 1) * read(model, Site.HEAD_OUTPUT, 1)[0, 3, 2] @ output
    settings = InterventionSettings(mode, held_through=1 if mode == "constrained" else None)
    head = HeadIntervention(1, 2, 3, "scale", 1.5)
    added = StreamIntervention(2, 3, write.numpy(), "add", 1.0)
    found = intervene(model, dictionary, IDS, [[head]], settings).logits
    expected = intervene(model, dictionary, IDS, [[added]], settings).logits
    torch.testing.assert_close(found, expected, **CLOSE)
    assert (found - model.logits(IDS)).abs().max() > 1e-3


def test_constrained_mode_lets_the_layers_from_a_changed_head_on_respond(model, dictionary):
    patterns = [(Site.ATTENTION_PATTERN, layer) for layer in range(3)]
    kept = model.run(IDS, read=patterns).values
    edits = {place: lambda value, held=kept[place]: held for place in patterns}
    silent = kept[patterns[1]].clone()
    silent[:, 2, 3] = 0
    edits[patterns[1]] = lambda value: silent
    expected = model.run(IDS, edits=edits).logits
    settings = InterventionSettings("constrained")
    found = intervene(model, dictionary, IDS, [[HeadIntervention(1, 2, 3)]], settings).logits
    torch.testing.assert_close(found, expected, **CLOSE)


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


def test_latent_attention_has_no_outputs_per_head(tiny_model):
    model = tiny_model("deepseek-v2")
    with pytest.raises(ModelError, match="an output per head; found latent attention"):
        intervene(model, None, IDS, [[HeadIntervention(0, 1, 2)]])
