"""The provenance that a run of an entry will have, worked out before it is run.

Equal keys mean equal results, so an entry whose cached result has the key of today is skipped.
"""

from __future__ import annotations

from functools import cached_property

from atlas.entries.circuit import Circuit
from atlas.entries.digests import file_digest, text_digest
from atlas.entries.feature import Feature
from atlas.entries.library import Library
from atlas.runs.provenance import Provenance, code_digest, versions, weights_digest

Entry = Circuit | Feature


class Keys:
    """Provenance of the entries of one library; digests that they share are taken once. Final."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._weights: dict[tuple[str, str], str] = {}

    def of(self, entry: Entry) -> Provenance:
        """The entry's provenance, without what differs between identical runs.

        Raises:
            BrokenReference: its model, or the circuit whose prompts it uses, does not exist.
            OSError: one of its files cannot be read.
        """
        library = self._library
        kind = library.features if isinstance(entry, Feature) else library.circuits
        notebook = library.notebook_path(entry.notebook.name)
        return Provenance(
            entry_digest=file_digest(kind.paths[entry.id]),
            prompts_digest=self._prompts(entry),
            notebook_digest=file_digest(notebook) if notebook.is_file() else "",
            code_digest=self._code,
            weights_digest=self._weights_of(entry.model, entry.dictionary),
            versions=self._versions,
            device=library.models.find(entry.model).resources.device,
        )

    @cached_property
    def _code(self) -> str:
        return code_digest()

    @cached_property
    def _versions(self) -> dict[str, str]:
        return versions()

    def _weights_of(self, model_id: str, dictionary: str) -> str:
        key = (model_id, dictionary)
        if key not in self._weights:
            model = self._library.models.find(model_id)
            self._weights[key] = weights_digest(self._library.root, model, dictionary)
        return self._weights[key]

    def _prompts(self, entry: Entry) -> str:
        """A feature is steered on a circuit's prompts, and controls avoid that circuit's parts."""
        if isinstance(entry, Circuit):
            return file_digest(self._library.prompts_path(entry))
        if entry.steering is None:
            return ""
        circuit = self._library.circuits.find(entry.steering.prompts_of)
        own = file_digest(self._library.circuits.paths[circuit.id])
        return text_digest(own + file_digest(self._library.prompts_path(circuit)))


def find_entry(library: Library, entry_id: str) -> Entry:
    """The circuit or feature of that id; raises BrokenReference, with the nearest id."""
    if "/" in entry_id:
        return library.features.find(entry_id)
    return library.circuits.find(entry_id)


def folder_name(entry: Entry) -> str:
    """The name of the entry's folder among the results."""
    return entry.feature_id.folder_name if isinstance(entry, Feature) else entry.id
