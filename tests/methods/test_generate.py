from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas.errors import BadInput
from atlas.methods.generate import GenerationSettings, generate
from atlas.methods.intervene import (
    FeatureIntervention,
    HeadIntervention,
    NeuronIntervention,
    Span,
    StreamIntervention,
    intervene,
)
from atlas.methods.next_token import Sampling
from atlas.models.sites import Site
from atlas.models.tried_once import cache_is_exact
from tests.models import tiny_models

PROMPT = [0, 4, 8, 6]


def step_by_step(engine, ids, changes, tokens):
    """One prompt, one token at a time, with positions already written as numbers."""
    model, dictionary = engine
    ids = list(ids)
    for _ in range(tokens):
        now = torch.tensor([ids])
        logits = intervene(model, dictionary, now, [changes]).logits
        ids.append(int(logits[0, -1].argmax()))
    return ids[-tokens:]


def run(engine, ids, changes, settings):
    model, dictionary = engine
    return generate(model, dictionary, ids, changes, settings)


@pytest.fixture
def engine(tiny_model):
    model = tiny_model("llama")
    return model, tiny_models.random_transcoders(model)


def test_it_is_the_most_probable_token_again_and_again(engine):
    model, _ = engine
    ids = list(PROMPT)
    for _ in range(5):
        ids.append(int(model.logits(torch.tensor([ids]))[0, -1].argmax()))
    found = run(engine, torch.tensor([PROMPT]), [[]], GenerationSettings(5))
    assert found.ids.tolist() == [ids[4:]]
    assert found.texts == (" ".join(tiny_models.WORDS[token] for token in ids[4:]),)


def test_open_ended_changes_go_on_and_fixed_ones_stay(engine):
    strong = [FeatureIntervention(0, index, Span(2), "set", 6.0) for index in range(4)]
    found = run(engine, torch.tensor([PROMPT]), [strong], GenerationSettings(4))
    assert found.ids[0].tolist() == step_by_step(engine, PROMPT, strong, 4)
    ending = [FeatureIntervention(0, index, Span(2, 4), "set", 6.0) for index in range(4)]
    fixed = run(engine, torch.tensor([PROMPT]), [ending], GenerationSettings(4))
    assert fixed.ids[0].tolist() == step_by_step(engine, PROMPT, ending, 4)
    plain = run(engine, torch.tensor([PROMPT]), [[]], GenerationSettings(4))
    assert found.ids.tolist() != plain.ids.tolist()


def test_a_position_from_the_end_is_that_of_the_prompt(engine):
    from_end = [FeatureIntervention(1, 2, -1, "set", 9.0)]
    absolute = [FeatureIntervention(1, 2, 3, "set", 9.0)]
    found = run(engine, torch.tensor([PROMPT]), [from_end], GenerationSettings(3))
    assert found.ids[0].tolist() == step_by_step(engine, PROMPT, absolute, 3)


def test_padded_rows_equal_one_by_one(engine):
    ids = np.array([[0, 4, 8, 6], [0, 9, 2, 2], [0, 5, 7, 2]])
    change = [FeatureIntervention(0, 1, Span(1), "set", 5.0)]
    settings = GenerationSettings(4, lengths=(4, 2, 3))
    found = run(engine, ids, [change, [], change], settings)
    assert found.ids[0].tolist() == step_by_step(engine, ids[0], change, 4)
    assert found.ids[1].tolist() == step_by_step(engine, ids[1, :2], [], 4)
    assert found.ids[2].tolist() == step_by_step(engine, ids[2, :3], change, 4)


def test_more_than_the_context_is_refused(engine):
    with pytest.raises(BadInput, match="at most 32 tokens"):
        run(engine, torch.tensor([PROMPT]), [[]], GenerationSettings(30))
    with pytest.raises(BadInput, match="at least 1"):
        run(engine, torch.tensor([PROMPT]), [[]], GenerationSettings(0))


CACHED = (*tiny_models.LAYOUTS, "mistral", "gemma3", "gpt-oss", "mixtral", "gptj", "opt")


def changes_of_all_kinds(model):
    vector = np.random.default_rng(0).normal(size=model.d_model)
    yield HeadIntervention(1, 2, Span(2))
    yield HeadIntervention(0, 1, -1, "scale", 3.0)
    yield StreamIntervention(None, Span(0), vector)
    yield FeatureIntervention(0, 3, Span(1), "set", 6.0)
    yield FeatureIntervention(1, 2, -1, "set", 9.0)
    if model.has(Site.NEURON, 1):
        yield NeuronIntervention(1, 4, Span(3, 6), "add", 3.0)


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(
    ("family", "sampled"),
    [
        pytest.param(family, sampled, marks=[pytest.mark.matrix] * (number % 2 != sampled))
        for number, family in enumerate(CACHED)
        for sampled in (False, True)
    ],
)
def test_tokens_are_the_same_with_and_without_a_cache(family, sampled, tiny_model):
    """Prompts of three lengths; windows of three tokens, rotations and slopes as positions."""
    model = tiny_model(family)
    engine = (model, tiny_models.random_cross_layer(model))
    ids = np.array([[0, 4, 8, 6, 5], [0, 9, 2, 2, 2], [0, 5, 7, 11, 3], [0, 4, 8, 2, 2]])
    changes = [[], list(changes_of_all_kinds(model)), list(changes_of_all_kinds(model)), []]
    changes[1] = changes[1][:5]
    sampling = Sampling((3, 1, 4, 1), temperature=1.5, top_p=0.95) if sampled else None
    settings = GenerationSettings(12, (5, 2, 5, 3), sampling)
    assert cache_is_exact(model)
    found = run(engine, ids, changes, settings)
    anew = run(engine, ids, changes, replace(settings, cache=False))
    assert found.ids.tolist() == anew.ids.tolist()
    plain = run(engine, ids, [[], [], [], []], settings)
    assert plain.ids[0].tolist() == found.ids[0].tolist()
    assert plain.ids[2].tolist() != found.ids[2].tolist()


@pytest.mark.parametrize("family", ["falcon-alibi", "mamba"])
def test_a_cache_that_is_not_exact_is_not_used_and_said(family, tiny_model, caplog):
    model = tiny_model(family)
    ids = np.array([PROMPT])
    expected = list(PROMPT)
    for _ in range(5):
        expected.append(int(model.logits(torch.tensor([expected]))[0, -1].argmax()))
    found = generate(model, None, ids, [[]], GenerationSettings(5))
    assert found.ids[0].tolist() == expected[4:]
    assert "runs the whole prefix" in caplog.text


def test_a_step_runs_one_token(engine, monkeypatch):
    model, _ = engine
    assert cache_is_exact(model)
    passed = []
    forward = model.run

    def counted(ids, *given, **more):
        passed.append(ids.shape[1])
        return forward(ids, *given, **more)

    monkeypatch.setattr(model, "run", counted)
    run(engine, torch.tensor([PROMPT]), [[]], GenerationSettings(5))
    assert passed == [4, 1, 1, 1, 1]


def test_a_row_draws_its_own_numbers(engine):
    ids = np.array([PROMPT, PROMPT, PROMPT])
    sampling = Sampling((7, 8, 7), temperature=2.0)
    settings = GenerationSettings(10, sampling=sampling)
    rows = run(engine, ids, [[], [], []], settings).ids.tolist()
    assert rows[0] == rows[2] != rows[1]
    alone = replace(settings, sampling=replace(sampling, seeds=(8,)))
    assert run(engine, ids[:1], [[]], alone).ids[0].tolist() == rows[1]
    with pytest.raises(BadInput, match="one per row"):
        run(engine, ids, [[], [], []], alone)
