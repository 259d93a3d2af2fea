"""What a notebook shows of the heads that an entry names."""

from __future__ import annotations

import pytest

from atlas.entries.circuit import AttentionView
from atlas.entries.ids import LayerHead
from atlas.entries.position import Position
from atlas.runs.attention_pictures import attention_sections
from tests.graphs.hand_scores import small_score

VIEW = AttentionView(
    head=LayerHead(1, 3), query=Position("last"), key=Position("index", index=1), label="looks back"
)


def test_each_head_gets_a_sentence_a_picture_and_its_pairs():
    plain, with_foil = attention_sections([VIEW, VIEW], [small_score(), small_score(foil=0)])
    assert plain.title == "Head 1.3: looks back"
    total = small_score().score
    assert plain.sentence == (
        f"From “ b” (token 2) it looks at “ a” (token 1) with attention 0.400 (score {total:+.2f})."
    )
    assert "and at “<s>” (token 0) with 0.200 (+1.50)" in with_foil.sentence
    assert f"the difference, {total:+.2f}." in with_foil.sentence
    assert plain.picture.png()[:8] == b"\x89PNG\r\n\x1a\n"
    assert plain.picture.png() == attention_sections([VIEW], [small_score()])[0].picture.png()
    assert plain.pairs.rows[0] == ("0-7@1", "0-7@1", "2")


def test_an_entry_without_heads_gets_nothing():
    assert attention_sections([], []) == []


def test_heads_and_scores_must_go_together():
    with pytest.raises(ValueError, match="shorter"):
        attention_sections([VIEW], [])
