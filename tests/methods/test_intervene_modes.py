"""What is held in the frozen modes of interventions, and what still moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from atlas.errors import ModelError
from atlas.methods.intervene import (
    FeatureIntervention,
    InterventionSettings,
    PromptBatch,
    intervene,
)
from atlas.models.coders import SparseAutoencoder
from atlas.models.dictionaries import SparseAutoencoderSet
from atlas.models.sites import Site
from tests.methods.intervened import IDS
from tests.models import tiny_models


def test_direct_effects_add_up(model, dictionary):
    batch = PromptBatch(model, dictionary, IDS)
    first = FeatureIntervention(0, 3, 2, "add", 3.0)
    second = FeatureIntervention(1, 4, 4, "add", -2.0)
    direct = InterventionSettings("direct")
    base, one, two, both = (
        batch.run([list(changes)], direct).raw_logits
        for changes in ((), (first,), (second,), (first, second))
    )
    torch.testing.assert_close(both - base, one + two - 2 * base, atol=1e-5, rtol=1e-4)


def test_constrained_mode_holds_patterns_and_mlps_up_to_a_layer(model, dictionary):
    clean = PromptBatch(model, dictionary, IDS)
    change = FeatureIntervention(0, 3, 2, "add", 3.0)
    places = [(Site.ATTENTION_PATTERN, layer) for layer in range(3)]
    places += [(dictionary.feature_output, layer) for layer in range(3)]
    values = model.run(IDS, read=places).values
    vector = 3.0 * dictionary.coder(0).W_dec[3]
    for through in (0, 1, 2):
        held = {
            place: (lambda value, kept=values[place]: kept)
            for place in places
            if place[0] is Site.ATTENTION_PATTERN or place[1] <= through
        }
        written = values[dictionary.feature_output, 0].clone()
        written[:, 2] += vector
        held[dictionary.feature_output, 0] = lambda value, written=written: written
        expected = model.run(IDS, edits=held).logits
        settings = InterventionSettings("constrained", held_through=through)
        found = clean.run([[change]], settings).logits
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    automatic = clean.run([[change]], InterventionSettings("constrained")).logits
    at_its_layer = clean.run([[change]], InterventionSettings("constrained", held_through=0))
    torch.testing.assert_close(automatic, at_its_layer.logits)


def test_held_outputs_move_with_what_a_skip_connection_reads(model):
    dictionary = tiny_models.random_transcoders(model, skip="affine")
    sites = (Site.ATTENTION_PATTERN, dictionary.feature_input, dictionary.feature_output)
    places = [(site, layer) for site in sites for layer in range(3)]
    values = model.run(IDS, read=places).values
    held = {
        place: (lambda value, kept=values[place]: kept)
        for place in places
        if place[0] is Site.ATTENTION_PATTERN or place == (dictionary.feature_output, 0)
    }
    pushed = values[dictionary.feature_output, 0].clone()
    pushed[:, 2] += 3.0 * dictionary.coder(0).W_dec[3]
    held[dictionary.feature_output, 0] = lambda value: pushed
    reads, writes = (dictionary.feature_input, 1), (dictionary.feature_output, 1)
    moved = model.run(IDS, read=[reads], edits=held).values[reads] - values[reads]
    assert float(moved[0, 2].norm()) > 0.1
    skipped = values[writes] + moved @ dictionary.coder(1).skip.weight.T
    expected = model.run(IDS, edits=held | {writes: lambda value: skipped}).logits
    change = FeatureIntervention(0, 3, 2, "add", 3.0)
    settings = InterventionSettings("constrained", held_through=1)
    found = intervene(model, dictionary, IDS, [[change]], settings).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_a_skip_connection_plays_no_part_on_the_live_model(model, dictionary):
    with_skip = tiny_models.random_transcoders(model, skip="affine")
    coders = zip(dictionary.layers, with_skip.layers, strict=True)
    same = replace(dictionary, layers=tuple(replace(a, skip=b.skip) for a, b in coders))
    change = [[FeatureIntervention(0, 3, 2, "add", 3.0)]]
    without = intervene(model, dictionary, IDS, change).logits
    assert torch.equal(intervene(model, same, IDS, change).logits, without)


@pytest.fixture
def residual(dictionary):
    coder = dictionary.coder(1)
    fields = (coder.W_enc, coder.b_enc, coder.W_dec, coder.b_dec, coder.activation)
    return SparseAutoencoderSet(
        "residual", Site.RESIDUAL_AFTER, Site.RESIDUAL_AFTER, {1: SparseAutoencoder(*fields)}
    )


def test_frozen_modes_need_transcoders(model, residual):
    with pytest.raises(ModelError, match="whose MLPs can be held"):
        intervene(model, residual, IDS, [[]], InterventionSettings("direct"))
