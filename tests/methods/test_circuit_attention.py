"""The score of a head that a circuit names, on one of its rows."""

from __future__ import annotations

import pytest

from atlas.entries.circuit import AttentionView, Circuit
from atlas.entries.credit import NotebookCall
from atlas.entries.ids import LayerHead
from atlas.entries.position import Position
from atlas.entries.prompts import PromptFile, PromptRow
from atlas.errors import EntryError
from atlas.graphs.attention_score import HeadPlace
from atlas.methods.circuit_attention import circuit_score
from atlas.methods.claims.instances import instances
from atlas.methods.qk import explain_score
from tests.models import tiny_models

ROW = PromptRow(
    id="row-1",
    split="discovery",
    text="w5 w6 w7 w8",
    target="w2",
    foil="w3",
    template="plain",
    entities={"noun": "w6"},
)
CIRCUIT = Circuit(
    schema_version=1,
    id="a-circuit",
    title="A circuit",
    summary="A circuit of a tiny model.",
    domain="reasoning",
    behaviour="two-hop",
    languages=("en",),
    model="tiny",
    dictionary="random",
    lifecycle="draft",
    created="2026-11-21",
    licence="CC-BY-4.0",
    curators=(),
    prompts=PromptFile(file="prompts.jsonl"),
    target="answer",
    notebook=NotebookCall(name="circuit"),
)


def test_words_for_places_become_the_row_s_positions(tiny_model):
    model = tiny_model("llama")
    engine = (model, tiny_models.random_dictionary("plain", model))
    (instance,) = instances(model, [ROW])
    view = AttentionView(
        head=LayerHead(2, 1),
        query=Position("last"),
        key=Position("entity", entity="noun"),
        foil=Position("index", index=1),
        label="looks at the noun",
    )
    found = circuit_score(engine, CIRCUIT, instance, view)
    assert found.place == HeadPlace(2, 1, 4, 2, 1)
    assert (found.model, found.dictionary, found.prompt) == ("tiny", "random", ROW.text)
    direct = explain_score(*engine, instance.ids, found.place)
    assert found.score == direct.score
    assert found.closure_gap() < 1e-5
    anywhere = AttentionView(
        head=LayerHead(2, 1), query=Position("any"), key=Position("last"), label="looks"
    )
    with pytest.raises(EntryError, match="one position; found 4 positions"):
        circuit_score(engine, CIRCUIT, instance, anywhere)
