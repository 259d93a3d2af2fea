"""Where a circuit's heads look on its drawn prompt, split over sources. Shown, never evidence."""

from __future__ import annotations

from dataclasses import replace

from atlas.entries.circuit import AttentionView, Circuit
from atlas.entries.position import Position
from atlas.errors import EntryError
from atlas.graphs.attention_score import AttentionScore, HeadPlace
from atlas.methods.claims.instances import Instance, positions
from atlas.methods.qk import QueryKeySettings, explain_score
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

SHOWN = QueryKeySettings(top=8, pairs=8)  # more do not fit into the width of a page


def circuit_score(
    engine: tuple[LanguageModel, Dictionary],
    circuit: Circuit,
    instance: Instance,
    view: AttentionView,
) -> AttentionScore:
    """One head's score between two places of a row, with the sources that add most.

    Raises:
        EntryError: a place is not one position of the row.
        BadInput: the key comes after the query, or the head is not in the model.
    """
    place = HeadPlace(
        layer=view.head.layer,
        head=view.head.head,
        query=_position(circuit, instance, view.query),
        key=_position(circuit, instance, view.key),
        foil=None if view.foil is None else _position(circuit, instance, view.foil),
    )
    found = explain_score(*engine, instance.ids, place, SHOWN).abridged()
    return replace(
        found, prompt=instance.row.text, model=circuit.model, dictionary=circuit.dictionary
    )


def _position(circuit: Circuit, instance: Instance, place: Position) -> int:
    found = positions(instance, place)
    if len(found) != 1:
        raise EntryError(
            f"circuit {circuit.id}: attention",
            "one position",
            f"{len(found)} positions ({place})",
            "write last, an entity or an index",
        )
    return found[0]
