"""What the other files of the library hold, as far as they can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, TypeVar

from atlas.entries.circuit import Circuit
from atlas.entries.library import Library
from atlas.entries.model import DictionaryReference, Model
from atlas.entries.prompts import PromptRow
from atlas.entries.record import Record
from atlas.entries.resource import Resource
from atlas.errors import SchemaError, WrongPlace

Entry = TypeVar("Entry", bound=Record)


def resource_names(resource: Resource) -> dict[str, str]:
    """What identifies a resource, normalised, by the key that it comes from."""
    address = re.sub(r"^https://(www\.)?|/(index\.html)?$", "", resource.url.lower())
    names = {"arxiv": resource.arxiv, "doi": resource.doi.lower(), "url": address}
    return {key: name for key, name in names.items() if name}


class Known:
    """Looks entries up by id; a file that cannot be read counts as existing and unknown.

    `read` holds what this check has parsed already, None for a broken file, so that no file is
    parsed twice and a broken file is reported once, at its own place.
    """

    def __init__(self, library: Library, read: Mapping[tuple[str, str], Record | None]) -> None:
        self.library = library
        self._read = dict(read)
        self._rows: dict[str, tuple[PromptRow, ...]] = {}
        self._terms: dict[str, Collection[str] | None] = {}
        self._once: dict[tuple[Hashable, ...], Any] = {}
        self._resources: dict[tuple[str, str], str] | None = None

    def model(self, model_id: str) -> Model | None:
        """The model, or None if there is none or its file is broken."""
        found: Model | None = self._find("model", self.library.models, model_id)
        return found

    def circuit(self, circuit_id: str) -> Circuit | None:
        """The circuit, or None if there is none or its file is broken."""
        found: Circuit | None = self._find("circuit", self.library.circuits, circuit_id)
        return found

    def dictionary(self, model_id: str, dictionary_id: str) -> DictionaryReference | None:
        """The dictionary of a model, or None if it is not known."""
        model = self.model(model_id)
        found = [one for one in model.dictionaries if one.id == dictionary_id] if model else []
        return found[0] if found else None

    def terms(self, vocabulary: str) -> Collection[str] | None:
        """The term ids of a vocabulary, or None if it cannot be read."""
        if vocabulary not in self._terms:
            found = self._find("vocabulary", self.library.vocabularies, vocabulary)
            self._terms[vocabulary] = {term.id for term in found} if found else None
        return self._terms[vocabulary]

    def remember_rows(self, circuit_id: str, rows: tuple[PromptRow, ...]) -> None:
        """Keep the rows that this check has parsed."""
        self._rows[circuit_id] = rows

    def rows(self, circuit_id: str) -> tuple[PromptRow, ...]:
        """The prompts of a circuit; none where they cannot be read."""
        if circuit_id not in self._rows:
            circuit = self.circuit(circuit_id)
            try:
                self._rows[circuit_id] = self.library.prompts(circuit) if circuit else ()
            except SchemaError:
                self._rows[circuit_id] = ()
        return self._rows[circuit_id]

    def once(self, key: tuple[Hashable, ...], compute: Callable[[], Any]) -> Any:
        """What `compute` gives, computed once per key: many features ask of the same rows."""
        if key not in self._once:
            self._once[key] = compute()
        return self._once[key]

    def first_resource(self, key: str, name: str) -> str | None:
        """The first resource with this arXiv number, DOI or address, as `resource_names` has it."""
        if self._resources is None:
            self._resources = {}
            for entry_id in self.library.resources:
                found = self._find("resource", self.library.resources, entry_id)
                for pair in resource_names(found).items() if found else ():
                    self._resources.setdefault(pair, entry_id)
        return self._resources.get((key, name))

    def _find(self, kind: str, entries: Mapping[str, Any], entry_id: str) -> Any:
        key = (kind, entry_id)
        if key not in self._read:
            try:
                self._read[key] = entries.get(entry_id)
            except (SchemaError, WrongPlace):
                self._read[key] = None
        return self._read[key]
