"""Attention heads, changed in all three modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import NodeKind
from atlas.methods.attribute import attribute
from atlas.methods.head_loadings import head_loadings
from atlas.methods.intervene import (
    HeadIntervention,
    InterventionSettings,
    Span,
    StreamIntervention,
    intervene,
    iterative_edits,
)
from atlas.methods.intervention.head_outputs import head_output
from atlas.models.sites import Site
from tests.methods.intervened import CLOSE, DIRECT, EVERY_FAMILY, IDS, read
from tests.models import tiny_models

OTHER = np.array([0, 9, 10, 11, 3])


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


def test_latent_attention_has_no_outputs_per_head(tiny_model):
    model = tiny_model("deepseek-v2")
    with pytest.raises(ModelError, match="an output per head; found latent attention"):
        intervene(model, None, IDS, [[HeadIntervention(0, 1, 2)]])
