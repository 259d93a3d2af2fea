"""Prompts that an entry's claims were not measured on yet, drawn anew from the held-out units.

Fresh rows resemble the circuit's test rows: the same behaviour, templates and kinds of answer, in
the same proportions. Where the language has few such prompts the circuit may hold all of them
already, or all of one kind; then none are drawn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from atlas.entries.library import Library
from atlas.entries.prompts import PromptRow as LibraryRow
from microworld.grammar import BEHAVIOURS
from microworld.prompts import PromptRow, prompt_text, row_of, write_prompts

FEW_VALUES = 12  # an entity with no more values among the test rows keeps its proportions
ENOUGH = 0.9  # of the wanted rows; with fewer, some kinds of answer would be rare or absent
ATTEMPTS = 100  # documents drawn for each row that is wanted

Stratum = tuple[tuple[str, str], ...]


def write_fresh(library: Library, out: Path, rows: int, seed: str) -> dict[str, int]:
    """Write `<circuit>.jsonl` for each circuit on the microworld; how many rows each file has."""
    found = {}
    for circuit in map(library.circuits.find, library.circuits):
        if circuit.model == "microworld":
            fresh = fresh_rows(library.prompts(circuit), rows, seed)
            write_prompts(fresh, out / f"{circuit.id}.jsonl")
            found[circuit.id] = len(fresh)
    return found


def fresh_rows(known: Sequence[LibraryRow], count: int, seed: str) -> list[PromptRow]:
    """About `count` test rows like those that are known, none of which has a known text, or none.

    Raises:
        KeyError: the ids of the rows name no behaviour of the language.
    """
    test = [row for row in known if row.split == "test"]
    if not test:
        return []
    behaviour = re.sub(r"-\d+$", "", test[0].id)
    strata = _Strata(test)
    left = strata.quotas(count)
    seen = {row.text for row in known}
    random = Random(f"{seed}:fresh:{behaviour}")
    found: list[PromptRow] = []
    for _ in range(ATTEMPTS * count):
        document = BEHAVIOURS[behaviour].draw(random, "test")
        stratum = strata.of(document.template, document.entities)
        if document.answer is None or not left[stratum]:
            continue
        text = prompt_text(document)
        if text in seen:
            continue
        seen.add(text)
        left[stratum] -= 1
        found.append(row_of(document, document.answer, f"{behaviour}-fresh-{len(found):04d}"))
        if not left.total():
            break
    return found if len(found) >= ENOUGH * count else []


class _Strata:
    """Into which kinds rows fall: by the values of the entities that have few. Final."""

    def __init__(self, rows: Sequence[LibraryRow]) -> None:
        values: dict[str, set[str]] = {}
        for row in rows:
            for name, value in row.entities.items():
                values.setdefault(name, set()).add(value)
        self.names = frozenset(values)
        self.few = sorted(name for name, each in values.items() if len(each) <= FEW_VALUES)
        self.templates = {row.template for row in rows}
        self.counts = Counter(filter(None, (self.of(row.template, row.entities) for row in rows)))

    def of(self, template: str, entities: Mapping[str, str]) -> Stratum | None:
        """The stratum of a row; None for one unlike all of these."""
        if template not in self.templates or entities.keys() != self.names:
            return None
        return tuple((name, entities[name]) for name in self.few)

    def quotas(self, count: int) -> Counter[Stratum | None]:
        """How many of `count` rows belong to each stratum, by largest remainders."""
        total = self.counts.total()
        exact = {each: count * n / total for each, n in self.counts.items()}
        whole: Counter[Stratum | None] = Counter({each: int(n) for each, n in exact.items()})
        by_remainder = sorted(exact, key=lambda each: (int(exact[each]) - exact[each], each))
        whole.update(by_remainder[: count - whole.total()])
        return whole


def told(found: Mapping[str, int]) -> Iterator[str]:
    """One line for each circuit."""
    for circuit, count in found.items():
        words = f"{count} rows" if count else "too few other prompts of its kind"
        yield f"{circuit}: {words}"
