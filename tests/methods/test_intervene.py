"""Features and directions changed on the live model, alone and in batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.methods.intervene import (
    DirectionIntervention,
    FeatureIntervention,
    InterventionSettings,
    Span,
    intervene,
)
from atlas.models.coders import SparseAutoencoder
from atlas.models.dictionaries import SparseAutoencoderSet
from atlas.models.sites import Site
from tests.methods.intervened import IDS, MODES
from tests.models import tiny_models


def activation(model, dictionary, layer, position, index, edits=None):
    place = (dictionary.feature_input, layer)
    x = model.run(IDS, read=[place], edits=edits).values[place]
    return float(dictionary.encode(layer, x)[0, position, index])


def active(model, dictionary, layer, position):
    """An active feature at a place."""
    place = (dictionary.feature_input, layer)
    x = model.run(IDS, read=[place]).values[place]
    return int(dictionary.encode(layer, x)[0, position].argmax())


def adding(dictionary, layer, position, vector):
    """An edit, by hand, that adds a vector to the output site."""

    def edit(value):
        value = value.clone()
        value[:, position] += vector
        return value

    return {(dictionary.feature_output, layer): edit}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", tiny_models.LAYOUTS)
def test_changing_nothing_leaves_the_logits_unchanged(family, mode, tiny_model):
    model = tiny_model(family)
    dictionary = tiny_models.random_cross_layer(model, skip="affine")
    index = active(model, dictionary, 1, 3)
    same = FeatureIntervention(1, index, 3, "scale", 1.0)
    for interventions in ([], [same]):
        result = intervene(model, dictionary, IDS, [interventions], InterventionSettings(mode))
        torch.testing.assert_close(result.logits, model.logits(IDS), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("action", "value", "new"),
    [
        ("ablate", 0.0, lambda now: 0.0),
        ("set", 3.0, lambda now: 3.0),
        ("scale", -2.0, lambda now: -2 * now),
        ("add", 1.5, lambda now: now + 1.5),
    ],
)
def test_a_change_writes_its_difference_times_the_decoder(action, value, new, model, dictionary):
    index = active(model, dictionary, 1, 3)
    now = activation(model, dictionary, 1, 3, index)
    assert now > 0
    vector = (new(now) - now) * dictionary.coder(1).W_dec[index]
    expected = model.run(IDS, edits=adding(dictionary, 1, 3, vector)).logits
    change = FeatureIntervention(1, index, 3, action, value)
    found = intervene(model, dictionary, IDS, [[change]]).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(found, model.logits(IDS), atol=1e-3)


@pytest.mark.parametrize("family", tiny_models.LAYOUTS)
def test_a_later_change_acts_on_the_activation_that_earlier_ones_left(family, tiny_model):
    model = tiny_model(family)
    dictionary = tiny_models.random_transcoders(model)
    index = active(model, dictionary, 2, 4)
    first = FeatureIntervention(0, 5, 2, "set", 8.0)
    before = activation(model, dictionary, 0, 2, 5)
    vector = (8.0 - before) * dictionary.coder(0).W_dec[5]
    edits = adding(dictionary, 0, 2, vector)
    changed = activation(model, dictionary, 2, 4, index, edits)
    assert abs(changed - activation(model, dictionary, 2, 4, index)) > 1e-3
    edits |= adding(dictionary, 2, 4, changed * dictionary.coder(2).W_dec[index])
    expected = model.run(IDS, edits=edits).logits
    second = FeatureIntervention(2, index, 4, "scale", 2.0)
    found = intervene(model, dictionary, IDS, [[second, first]]).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mode", ["iterative", "constrained"])
def test_a_cross_layer_feature_writes_to_its_layer_and_all_later_ones(mode, model):
    dictionary = tiny_models.random_cross_layer(model)
    now = activation(model, dictionary, 0, 3, 7)
    decoders = [(4.0 - now) * dictionary.coder(0).W_dec[7, after] for after in range(3)]
    edits = {}
    for layer, vector in enumerate(decoders):
        edits |= adding(dictionary, layer, 3, vector)
    if mode == "constrained":
        sites = (Site.ATTENTION_PATTERN, dictionary.feature_output)
        places = [(site, layer) for site in sites for layer in range(3)]
        clean = model.run(IDS, read=places).values
        for place in places:
            kept = clean[place].clone()
            if place[0] is dictionary.feature_output:
                kept[:, 3] += decoders[place[1]]
            edits[place] = lambda value, kept=kept: kept
    expected = model.run(IDS, edits=edits).logits
    settings = InterventionSettings(mode, held_through=2 if mode == "constrained" else None)
    change = FeatureIntervention(0, 7, 3, "set", 4.0)
    found = intervene(model, dictionary, IDS, [[change]], settings).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_a_later_cross_layer_change_acts_on_what_an_earlier_one_left(model):
    dictionary = tiny_models.random_cross_layer(model)
    first = FeatureIntervention(0, 5, 2, "set", 8.0)
    second = FeatureIntervention(2, 4, 2, "scale", 2.0)
    one = intervene(model, dictionary, IDS, [[first]], InterventionSettings(record="activations"))
    left = float(one.features[2][0, 2, 4])
    by_hand = [first, FeatureIntervention(2, 4, 2, "set", 2 * left)]
    expected = intervene(model, dictionary, IDS, [by_hand]).logits
    found = intervene(model, dictionary, IDS, [[second, first]]).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_a_topk_feature_that_is_not_active_can_be_set(model):
    dictionary = tiny_models.random_transcoders(model, "topk")
    place = (dictionary.feature_input, 1)
    x = model.run(IDS, read=[place]).values[place]
    index = int((dictionary.encode(1, x)[0, 3] == 0).nonzero()[0])
    expected = model.run(
        IDS, edits=adding(dictionary, 1, 3, 2.0 * dictionary.coder(1).W_dec[index])
    ).logits
    found = intervene(model, dictionary, IDS, [[FeatureIntervention(1, index, 3, "set", 2.0)]])
    torch.testing.assert_close(found.logits, expected, atol=1e-5, rtol=1e-5)


def test_a_direction_is_added_where_the_dictionary_writes(model, dictionary):
    vector = np.linspace(-1, 1, model.d_model, dtype=np.float32)
    expected = model.run(IDS, edits=adding(dictionary, 1, 2, torch.from_numpy(vector))).logits
    found = intervene(model, dictionary, IDS, [[DirectionIntervention(1, 2, vector)]]).logits
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_rows_with_different_changes_do_not_touch_each_other(mode, model, dictionary):
    ids = torch.cat([IDS, IDS, torch.tensor([[0, 9, 10, 11, 12, 13]])])
    rows = [
        [FeatureIntervention(0, 3, 2, "set", 4.0), FeatureIntervention(0, 4, 2, "set", 4.0)],
        [],
        [FeatureIntervention(2, 7, 5, "add", 4.0), FeatureIntervention(0, 3, 1, "set", 2.0)],
    ]
    settings = InterventionSettings(mode)
    together = intervene(model, dictionary, ids, rows, settings).logits
    for row in range(3):
        alone = intervene(model, dictionary, ids[[row]], [rows[row]], settings).logits
        torch.testing.assert_close(together[[row]], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", tiny_models.LAYOUTS)
def test_padded_prompts_of_different_length_equal_one_by_one(family, mode, tiny_model):
    model = tiny_model(family)
    dictionary = tiny_models.random_cross_layer(model, skip="linear")
    short = torch.tensor([[0, 9, 10]])
    ids = torch.cat([IDS, torch.tensor([[0, 9, 10, 2, 2, 2]])])
    change = [FeatureIntervention(1, 3, -1, "set", 4.0), FeatureIntervention(0, 2, Span(1))]
    together = intervene(
        model, dictionary, ids, [change, change], InterventionSettings(mode, lengths=(6, 3))
    ).logits
    settings = InterventionSettings(mode)
    for row, (alone, length) in enumerate(((IDS, 6), (short, 3))):
        expected = intervene(model, dictionary, alone, [change], settings).logits[0]
        torch.testing.assert_close(together[row, :length], expected, atol=1e-5, rtol=1e-5)


def test_recording_features_changes_nothing_and_gives_the_changed_stream(model, dictionary):
    change = [[FeatureIntervention(0, 5, 2, "set", 8.0)]]
    plain = intervene(model, dictionary, IDS, change)
    recorded = intervene(model, dictionary, IDS, change, InterventionSettings(record="activations"))
    assert plain.features == {}
    assert torch.equal(plain.logits, recorded.logits)
    vector = 8.0 - activation(model, dictionary, 0, 2, 5)
    edits = adding(dictionary, 0, 2, vector * dictionary.coder(0).W_dec[5])
    index = active(model, dictionary, 2, 4)
    expected = activation(model, dictionary, 2, 4, index, edits)
    assert float(recorded.features[2][0, 4, index]) == pytest.approx(expected, abs=1e-5)


@pytest.fixture
def residual(dictionary):
    coder = dictionary.coder(1)
    fields = (coder.W_enc, coder.b_enc, coder.W_dec, coder.b_dec, coder.activation)
    return SparseAutoencoderSet(
        "residual", Site.RESIDUAL_AFTER, Site.RESIDUAL_AFTER, {1: SparseAutoencoder(*fields)}
    )


def test_features_of_residual_autoencoders_can_be_changed(model, residual):
    index = active(model, residual, 1, 3)
    now = activation(model, residual, 1, 3, index)
    edits = adding(residual, 1, 3, -now * residual.coder(1).W_dec[index])
    expected = model.run(IDS, edits=edits).logits
    found = intervene(model, residual, IDS, [[FeatureIntervention(1, index, 3)]]).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (FeatureIntervention(0, 40, 2), "an index below 40"),
        (FeatureIntervention(3, 0, 2), r"one of its layers \[0, 1, 2\]"),
        (FeatureIntervention(0, 0, 6), "a position below 6"),
        (FeatureIntervention(0, 0, 0), "first token"),
        (DirectionIntervention(0, 1, np.zeros(3, dtype=np.float32)), "width 24"),
    ],
)
def test_changes_that_do_not_fit_are_refused(change, message, model, dictionary):
    with pytest.raises((BadInput, ModelError), match=message):
        intervene(model, dictionary, IDS, [[change]])


def test_ambiguous_and_meaningless_requests_are_refused(model, dictionary):
    twice = [FeatureIntervention(0, 1, 2), FeatureIntervention(0, 1, Span(1), "set", 1.0)]
    with pytest.raises(BadInput, match="one change per position"):
        intervene(model, dictionary, IDS, [twice])
    with pytest.raises(BadInput, match="one sequence per row"):
        intervene(model, dictionary, IDS, [[], []])
    with pytest.raises(BadInput, match="a finite number"):
        FeatureIntervention(0, 1, 2, "set", float("nan"))
    with pytest.raises(BadInput, match="0 <= start < stop"):
        Span(3, 3)
    late = [[FeatureIntervention(2, 1, 2)]]
    with pytest.raises(BadInput, match="layer 2 or later"):
        intervene(model, dictionary, IDS, late, InterventionSettings("constrained", held_through=1))
