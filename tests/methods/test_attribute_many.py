from __future__ import annotations

import numpy as np

from atlas.errors import BadInput
from atlas.methods.attribute_many import attribute_many
from tests.models import tiny_models

PROMPTS = ("w1 w5 w3", np.array([0, 4, 8, 6, 12, 5]), "w9", "w2 w2 w2 w2 w2 w2 w2")


def test_a_prompt_that_cannot_be_traced_does_not_stop_the_others(tiny_model):
    model = tiny_model("llama")
    dictionary = tiny_models.random_transcoders(model)
    found = list(attribute_many(model, dictionary, ["w1", "", "w2"]))
    assert [each.graph is not None for each in found] == [True, False, True]
    assert isinstance(found[1].error, BadInput)
    assert [each.error for each in found[::2]] == [None, None]


def test_each_graph_is_made_when_it_is_asked_for(tiny_model):
    model = tiny_model("llama")
    dictionary = tiny_models.random_transcoders(model)
    told: list[int] = []
    results = attribute_many(
        model, dictionary, ["w1", "w2"], progress=lambda done, total: told.append(done)
    )
    assert told == []
    next(results)
    first = len(told)
    assert first > 0
    next(results)
    assert len(told) > first
