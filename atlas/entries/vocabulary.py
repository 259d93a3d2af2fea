"""Controlled vocabularies: the terms that entries may use, each with its definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from atlas.entries.record import Record


@dataclass(frozen=True, kw_only=True)
class Term(Record):
    """One term; `unit` is given for metrics."""

    id: str
    name: str
    description: str
    synonyms: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Vocabulary(Record):
    """A vocabulary: one file under `vocabulary/`."""

    schema_version: int
    id: str
    description: str
    terms: tuple[Term, ...]

    def __contains__(self, term_id: object) -> bool:
        return any(term.id == term_id for term in self.terms)

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def term(self, term_id: str) -> Term:
        """The term of that id; KeyError if the vocabulary has none."""
        return {term.id: term for term in self.terms}[term_id]
