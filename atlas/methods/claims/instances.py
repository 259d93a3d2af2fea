"""A circuit's prompt rows as the model sees them: token ids, answers, and where each part acts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from atlas.entries.position import Position
from atlas.entries.prompts import PromptRow
from atlas.errors import EntryError
from atlas.models.language_model import LanguageModel
from atlas.models.tokens import Tokens


@dataclass(frozen=True)
class Instance:
    """One row, tokenised. `foil_id` is None where the row names no foil."""

    row: PromptRow
    tokens: Tokens
    target_id: int
    foil_id: int | None

    @property
    def ids(self) -> Int64[np.ndarray, " position"]:
        """The token ids, the first token of every prompt included."""
        return self.tokens.ids

    @property
    def last(self) -> int:
        """The last position, where the answer is read."""
        return len(self.tokens) - 1


def instances(model: LanguageModel, rows: Sequence[PromptRow]) -> list[Instance]:
    """The rows, tokenised, in their order.

    Raises:
        ModelError: a target or foil is not one token.
        BadInput: a row is empty.
    """
    # Rows share their answers, and looking a token up can take the whole vocabulary.
    answers = dict.fromkeys(word for row in rows for word in (row.target, row.foil) if word)
    ids = {word: model.token_id(word) for word in answers}
    return [
        Instance(row, model.tokenize(row.text), ids[row.target], ids.get(row.foil)) for row in rows
    ]


def positions(instance: Instance, position: Position) -> tuple[int, ...]:
    """The token positions that a part's position stands for in this row.

    `any` is every token but the first, which starts every prompt. An entity is its last token, at
    its last occurrence in the text as a whole word.

    Raises:
        EntryError: the row has no such entity, its text does not contain it, or the index lies
            outside the prompt.
    """
    if position.kind == "last":
        return (instance.last,)
    if position.kind == "any":
        return tuple(range(1, len(instance.tokens)))
    if position.kind == "entity":
        return (_entity_position(instance, position.entity),)
    count = len(instance.tokens)
    index = position.index or 0
    if not -count <= index < count:
        raise EntryError(
            f"prompt {instance.row.id}", f"an index within its {count} tokens", str(index)
        )
    return (index % count,)


def _entity_position(instance: Instance, entity: str) -> int:
    value = instance.row.entities.get(entity)
    where = f"prompt {instance.row.id}: entity {entity}"
    if value is None:
        raise EntryError(
            where, "a value", "none", f"add {entity} to the row's entities, or change the position"
        )
    # As a whole word: "Ada" is not in "Adamant", yet "C" may stand before a full stop.
    found = list(re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", instance.row.text))
    if not found:
        raise EntryError(
            where,
            f"{value!r} in the text",
            repr(instance.row.text[:80]),
            "a part can act only at an entity that the text contains",
        )
    start, end = found[-1].span()
    overlapping = [
        number
        for number, span in enumerate(instance.tokens.spans)
        if span is not None and span[0] < end and span[1] > start
    ]
    if not overlapping:
        raise EntryError(
            where,
            "a tokenizer that gives the place of each token in the text",
            "none",
            "use the model's fast tokenizer",
        )
    return overlapping[-1]
