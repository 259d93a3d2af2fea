"""Heads ranked by what they carry, against the same numbers worked out one row at a time."""

from __future__ import annotations

import pytest
import torch

from atlas.entries.position import Position
from atlas.entries.prompts import PromptRow
from atlas.errors import BadInput
from atlas.methods.rank_heads import HeadSettings, rank_heads


def row(number, text, split="discovery", **entities):
    return PromptRow(
        id=f"row-{number}",
        split=split,
        text=text,
        target="w2",
        foil="w3",
        template="plain",
        entities=entities,
    )


ROWS = [
    row(1, "w5 w6 w7 w8", noun="w6", kind="a"),
    row(2, "w9 w10 w6", noun="w6", kind="a"),
    row(3, "w4 w6", noun="w6", kind="b"),
]
NOUN = Position("entity", entity="noun")


def lead(model, logits):
    last = logits[0, -1].double()
    return float(last[model.token_id("w2")] - last[model.token_id("w3")])


def test_both_numbers_are_those_of_the_model_row_by_row(tiny_model):
    model = tiny_model("neox")
    found = rank_heads(model, ROWS, HeadSettings(NOUN))
    assert len(found) == 12
    assert [one.effect for one in found] == sorted((one.effect for one in found), reverse=True)
    ranked = {(one.layer, one.head): one for one in found}
    layer, head = 1, 2
    attentions, effects = [], []
    for one, key in zip(ROWS, (2, 3, 2), strict=True):
        ids = torch.from_numpy(model.tokenize(one.text).ids)[None]
        clean, cache = model._bridge.run_with_cache(ids)
        name = f"blocks.{layer}.attn.hook_pattern"
        attentions.append(float(cache[name][0, head, -1, key]))

        def cut(pattern, hook, key=key):
            pattern = pattern.clone()
            pattern[0, head, -1, key] = 0
            return pattern

        changed = model._bridge.run_with_hooks(ids, fwd_hooks=[(name, cut)])
        effects.append(lead(model, clean) - lead(model, changed))
    assert ranked[layer, head].attention == pytest.approx(sum(attentions) / 3, abs=1e-6)
    assert ranked[layer, head].effect == pytest.approx(sum(effects) / 3, abs=1e-5)
    assert any(abs(one.effect) > 1e-2 for one in found)


def test_rows_can_be_chosen_by_their_entities(tiny_model):
    model = tiny_model("neox")
    chosen = rank_heads(model, ROWS, HeadSettings(NOUN, where={"kind": "b"}))
    assert chosen == rank_heads(model, ROWS[2:], HeadSettings(NOUN))
    assert chosen != rank_heads(model, ROWS, HeadSettings(NOUN))


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        ([row(1, "w5 w6", "test", noun="w6")], HeadSettings(NOUN), "discovery rows only"),
        (ROWS, HeadSettings(NOUN, where={"kind": "c"}), "check the entities"),
        (ROWS, HeadSettings(Position("any")), "name one position"),
    ],
)
def test_what_cannot_be_ranked_is_refused(rows, settings, message, tiny_model):
    with pytest.raises(BadInput, match=message):
        rank_heads(tiny_model("neox"), rows, settings)
