"""Attention scores split over sources, on a random model of every architecture family."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.attention_score import HeadPlace
from atlas.graphs.nodes import NodeKind
from atlas.methods.attribute import attribute
from atlas.methods.qk import QueryKeySettings, explain_score, pair_table, strongest_pairs
from atlas.models.sites import Site
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])
PLACES = [
    HeadPlace(0, 0, 5, 3),  # a query of a sliding window looks at two tokens before it
    HeadPlace(1, 3, 4, 4),
    HeadPlace(2, 0, 5, 4),
    HeadPlace(2, 2, 2, 0),
]
FAR = HeadPlace(2, 2, 5, 0)
SLIDING = ("mistral", "gemma2", "gemma3", "gpt-oss")
EVERYTHING = QueryKeySettings(top=100_000, pairs=100_000)


def raw(model, place, scores):
    """The model's own score at a place with the soft cap undone, from a tensor of its hook."""
    score = scores[0, place.head, place.query, place.key].double()
    part = model._bridge.blocks[place.layer].attn.original_component
    cap = getattr(part, "attn_logit_softcapping", None)
    return float(score if cap is None else cap * torch.atanh(score / cap))


def own_scores(model):
    """The scores that the model computes, by layer."""
    _, cache = model._bridge.run_with_cache(torch.from_numpy(IDS)[None])
    return [cache[f"blocks.{layer}.attn.hook_attn_scores"] for layer in range(model.layers)]


def without(model, dictionary, source):
    """The model's scores when a feature's write is taken out and all else is held, by layer."""
    layer, position, index, value = source
    places = [(dictionary.feature_output, number) for number in range(model.layers)]
    places += [(Site.ATTENTION_PATTERN, number) for number in range(model.layers)]
    scales = (
        Site.ATTENTION_NORM_SCALE,
        Site.ATTENTION_POST_NORM_SCALE,
        Site.MLP_POST_NORM_SCALE,
        Site.QUERY_NORM_SCALE,
        Site.KEY_NORM_SCALE,
    )
    places += [(site, n) for n in range(model.layers) for site in scales if model.has(site, n)]
    ids = torch.from_numpy(IDS)[None]
    clean = model.run(ids, read=places).values
    for target in dictionary.written_layers(layer):
        decoder = dictionary.coder(layer).decoder(target - layer)[index]
        clean[dictionary.feature_output, target][0, position] -= value * decoder
    edits = {place: lambda old, new=new: new for place, new in clean.items()}
    read = [(Site.ATTENTION_SCORE, number) for number in range(model.layers)]
    values = model.run(ids, read=read, edits=edits).values
    return [values[place] for place in read]


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("kind", tiny_models.KINDS)
@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_all_pairs_together_are_the_score_that_the_model_computes(family, kind, tiny_model):
    model = tiny_model(family)
    dictionary = tiny_models.random_dictionary(kind, model)
    theirs = own_scores(model)
    places = PLACES if family in SLIDING else [*PLACES, FAR]
    largest = max(abs(raw(model, place, theirs[place.layer])) for place in places)
    assert largest > 0.1
    for place in places:
        found = explain_score(model, dictionary, IDS, place)
        expected = raw(model, place, theirs[place.layer])
        for total in (
            found.score,
            found.table.values.sum(),
            found.query_marginals.sum(),
            found.key_marginals.sum(),
        ):
            assert total == pytest.approx(expected, abs=1e-4 * largest)
        assert found.closure_gap() <= 1e-4 * largest


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("kind", ["plain", "cross_layer"])
@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_taking_a_feature_out_moves_the_score_by_its_marginals(family, kind, tiny_model):
    """On the query side alone where it cannot reach the key; else on both, less their product."""
    model = tiny_model(family)
    dictionary = tiny_models.random_dictionary(kind, model)
    clean = own_scores(model)
    moved = []
    for place in (HeadPlace(2, 1, 5, 3), HeadPlace(2, 2, 4, 3), HeadPlace(1, 0, 4, 2)):
        found = explain_score(model, dictionary, IDS, place, EVERYTHING)
        sources = found.sources
        features = np.flatnonzero(sources.kind == NodeKind.FEATURE)
        for later in (True, False):
            here = features[(sources.position[features] > place.key) == later]
            node = int(here[np.abs(found.query_marginals[here]).argmax()])
            columns = (sources.layer, sources.position, sources.index, sources.value)
            source = tuple(column[node].item() for column in columns)
            scores = without(model, dictionary, source)[place.layer]
            change = raw(model, place, scores) - raw(model, place, clean[place.layer])
            expected = -found.query_marginals[node]
            if later:
                assert found.key_marginals[node] == 0
            else:
                pairs = found.strongest
                itself = pairs.value[(pairs.query == node) & (pairs.key == node)].sum()
                expected += itself - found.key_marginals[node]
            assert change == pytest.approx(expected, abs=2e-5)
            moved.append(abs(change))
    assert max(moved) > 1e-2


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_a_foil_gives_the_difference_of_two_keys(family, tiny_model):
    model = tiny_model(family)
    dictionary = tiny_models.random_dictionary("skip", model)
    places = [HeadPlace(2, 3, 5, 3, 4), HeadPlace(2, 3, 5, 3), HeadPlace(2, 3, 5, 4)]
    both, one, other = (
        explain_score(model, dictionary, IDS, place, EVERYTHING) for place in places
    )
    assert both.score == pytest.approx(one.score - other.score, abs=1e-5)
    assert both.closure_gap() < 1e-5
    assert both.keys == (one.keys[0], other.keys[0])

    def by_name(found):
        return {found.name(n): found.query_marginals[n] for n in range(len(found.sources))}

    first, second = by_name(one), by_name(other)
    for name, value in by_name(both).items():
        assert value == pytest.approx(first.get(name, 0.0) - second.get(name, 0.0), abs=1e-5)


def test_the_constants_of_a_score_are_itemised(tiny_model):
    expected = {
        "llama": {"attention_bias", "query_bias", "key_bias"},
        "gpt2": {"attention_bias", "norm_bias", "position_embedding", "query_bias", "key_bias"},
        "gemma2": set(),
        "neox": {"attention_bias", "norm_bias", "query_bias", "key_bias"},
        "qwen3": {"attention_bias", "query_bias", "key_bias"},
        "gemma3": set(),
        "qwen2": {"attention_bias", "query_bias", "key_bias"},
    }
    for family, constants in expected.items():
        model = tiny_model(family)
        dictionary = tiny_models.random_dictionary("plain", model)
        sources = explain_score(model, dictionary, IDS, HeadPlace(2, 2, 5, 4)).sources
        labels = {sources.label[n] for n in np.flatnonzero(sources.kind == NodeKind.CONSTANT)}
        assert labels == constants | {"decoder_bias", "zero_position_mlp"}


def test_what_reaches_neither_place_is_no_source(tiny_model):
    model = tiny_model("llama")
    dictionary = tiny_models.random_dictionary("plain", model)
    sources = explain_score(model, dictionary, IDS, HeadPlace(1, 0, 3, 2)).sources
    placed = sources.kind <= NodeKind.TOKEN
    assert sources.position[placed].max() == 3
    assert sources.layer[sources.kind <= NodeKind.ERROR].max() == 0
    whole = attribute(model, dictionary, IDS).nodes
    assert len(sources) < len(whole)


def test_soft_capped_scores_stand_beside_the_raw_ones(tiny_model):
    model = tiny_model("gemma2")
    part = model._bridge.blocks[2].attn.original_component
    dictionary = tiny_models.random_dictionary("plain", model)
    before, part.attn_logit_softcapping = part.attn_logit_softcapping, 0.7
    try:
        found = explain_score(model, dictionary, IDS, PLACES[-1])
        own = own_scores(model)[2][0, PLACES[-1].head, 2, 0]
    finally:
        part.attn_logit_softcapping = before
    assert found.keys[0].soft_capped == pytest.approx(float(own), abs=1e-5)
    assert abs(found.score) > abs(found.keys[0].soft_capped) + 0.005
    assert found.closure_gap() < 1e-5


def test_abridging_keeps_every_sum(tiny_model):
    model = tiny_model("gpt2")
    dictionary = tiny_models.random_dictionary("plain", model)
    whole = explain_score(model, dictionary, IDS, PLACES[-2], QueryKeySettings(top=3, pairs=4))
    short = whole.abridged()
    assert len(short.sources) < len(whole.sources) / 3
    assert short.closure_gap() < 1e-5
    assert short.query_rest != 0 != short.key_rest
    names = [
        [found.name(int(node)) for node in (*found.table.query, *found.strongest.key)]
        for found in (whole, short)
    ]
    assert names[0] == names[1]
    rows = whole.table.values.sum(axis=1)[:-1]
    np.testing.assert_allclose(rows, whole.query_marginals[whole.table.query], atol=1e-6)


def test_tables_by_hand():
    query = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    key = np.array([[1.0, 0.0], [3.0, 1.0], [0.0, -1.0]])
    table = pair_table(query, key, 1)
    assert table.query.tolist() == [0] and table.key.tolist() == [1]
    assert table.values.tolist() == [[3.0, 1.0], [2.0, -2.0]]
    pairs = strongest_pairs(query, key, 10)
    assert pairs.value.tolist() == [3.0, 2.0, -2.0, 1.0]
    assert list(zip(pairs.query.tolist(), pairs.key.tolist(), strict=True)) == [
        (0, 1), (1, 1), (1, 2), (0, 0),
    ]  # fmt: skip
    many = np.random.default_rng(0).standard_normal((2, 2500, 3))
    best = strongest_pairs(*many, 3)
    every = np.sort(np.abs(many[0] @ many[1].T).reshape(-1))
    np.testing.assert_allclose(np.abs(best.value), every[:-4:-1])


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (HeadPlace(3, 0, 5, 2), "layer: expected 0 to 2; found 3"),
        (HeadPlace(0, 4, 5, 2), "head: expected 0 to 3; found 4"),
        (HeadPlace(0, 0, 6, 2), "query: expected 0 to 5; found 6"),
        (HeadPlace(0, 0, 3, 4), "key: expected 0 to 3; found 4"),
        (HeadPlace(0, 0, 3, 2, 4), "foil: expected 0 to 3; found 4"),
        (HeadPlace(0, 0, 3, 2, 2), "foil: expected another key; found 2"),
    ],
)
def test_places_that_there_are_not_are_refused(place, message, tiny_model):
    model = tiny_model("llama")
    dictionary = tiny_models.random_dictionary("plain", model)
    with pytest.raises(BadInput, match=message):
        explain_score(model, dictionary, IDS, place)


def test_scores_with_a_position_bias_are_refused(tiny_model, monkeypatch):
    model = tiny_model("llama")
    dictionary = tiny_models.random_dictionary("plain", model)
    attention = model._bridge.blocks[0].attn
    mask = attention._apply_reconstruct_attention_mask

    def biased(attn_scores, **others):
        slope = 0.5 * torch.arange(attn_scores.shape[-1])
        return mask(attn_scores=attn_scores + slope, **others)

    monkeypatch.setattr(attention, "_apply_reconstruct_attention_mask", biased)
    with pytest.raises(ModelError, match="position biases"):
        explain_score(model, dictionary, IDS, HeadPlace(0, 0, 5, 2))


def test_a_key_outside_the_window_is_refused(tiny_model, monkeypatch):
    model = tiny_model("llama")
    dictionary = tiny_models.random_dictionary("plain", model)
    attention = model._bridge.blocks[0].attn
    mask = attention._apply_reconstruct_attention_mask

    def windowed(attn_scores, **others):
        scores = mask(attn_scores=attn_scores, **others)
        scores[..., 5, :3] = torch.finfo(scores.dtype).min
        return scores

    monkeypatch.setattr(attention, "_apply_reconstruct_attention_mask", windowed)
    with pytest.raises(BadInput, match="2, which is masked"):
        explain_score(model, dictionary, IDS, HeadPlace(0, 0, 5, 2))
    assert explain_score(model, dictionary, IDS, HeadPlace(0, 0, 5, 3)).closure_gap() < 1e-5


def test_settings_are_checked():
    with pytest.raises(BadInput, match="settings: top"):
        QueryKeySettings(top=0)
