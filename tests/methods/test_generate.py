from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput
from atlas.methods.generate import GenerationSettings, generate
from atlas.methods.intervene import FeatureIntervention, Span, intervene
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
