"""Finds a circuit's parts again in retrained weights, and measures its claims there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from atlas.entries.circuit import Circuit
from atlas.entries.digests import file_digest
from atlas.entries.ids import LayerFeature
from atlas.entries.library import Library
from atlas.entries.retrained import (
    RETRAINED_FILE,
    Members,
    Retraining,
    Varied,
    question_digest,
    read_retrained,
    retrained_bytes,
    with_parts,
)
from atlas.errors import AtlasError
from atlas.files.only_run import only_run
from atlas.files.whole import write_whole
from atlas.methods.group import GroupSettings, group_features
from atlas.models.language_model import LanguageModel
from atlas.models.loading import AnyDictionary
from atlas.runs.measure_circuit import OpenedCircuit
from atlas.runs.provenance import versions


@dataclass(frozen=True)
class RetrainedWeights:
    """A model and a dictionary that were trained as an entry's were, from another seed."""

    varied: Varied
    seed: int
    model: LanguageModel
    dictionary: AnyDictionary
    digest: str  # over the files of both

    @property
    def engine(self) -> tuple[LanguageModel, AnyDictionary]:
        """Both."""
        return self.model, self.dictionary


def find_again(
    library: Library,
    circuit: Circuit,
    weights: RetrainedWeights,
    sought: Mapping[str, GroupSettings | None],
) -> Retraining:
    """The circuit's parts found again by the settings of each, and its claims on its test prompts.

    `sought` has the settings of each part, by its id; None for a part that cannot be found by a
    command. Such a part, and claims that cannot be measured with what was found, are told in
    words and leave no measurement.
    """
    asked = _asked(library, circuit, weights)
    settings = {part: each for part, each in sought.items() if each is not None}
    missing = ", ".join(part.id for part in circuit.parts if part.id not in settings)
    if missing:
        return replace(asked, unmeasured=f"no command says how to find {missing}")
    rows = library.prompts(circuit)
    discovery = [row for row in rows if row.split == "discovery"]
    parts: dict[str, Members] = {}
    for part in circuit.parts:
        found = group_features(weights.engine, discovery, settings[part.id])
        parts[part.id] = {
            value: tuple(LayerFeature(each.layer, each.index) for each in members)
            for value, members in found.items()
        }
    asked = replace(asked, parts=parts)
    opened = OpenedCircuit(library, with_parts(circuit, parts), rows, *weights.engine)
    try:
        measured = opened.measure()
    except AtlasError as error:
        return replace(asked, unmeasured=str(error))
    return replace(asked, measurements={each.claim: each for each in measured})


def accepted_before(
    library: Library, circuit: Circuit, weights: RetrainedWeights
) -> Retraining | None:
    """What was accepted of the same question to the same weights with the same versions, if it was.

    Raises EntryError if the file that is there is damaged.
    """
    asked = _asked(library, circuit, weights)
    for found in read_retrained(_file(library, circuit)):
        if replace(found, parts={}, measurements={}, unmeasured="") == asked:
            return found
    return None


def accept_retrained(library: Library, circuit: Circuit, found: Retraining) -> None:
    """Write a retraining beside the circuit; one of the same name gives way.

    Raises EntryError if the file that is there is damaged.
    """
    path = _file(library, circuit)
    with only_run(library.accepting):
        kept = [each for each in read_retrained(path) if each.name != found.name]
        write_whole(path, retrained_bytes((*kept, found)))


def _asked(library: Library, circuit: Circuit, weights: RetrainedWeights) -> Retraining:
    """A retraining of which nothing was found yet."""
    return Retraining(
        varied=weights.varied,
        seed=weights.seed,
        weights_digest=weights.digest,
        question=question_digest(circuit, file_digest(library.prompts_path(circuit))),
        versions=versions(),
    )


def _file(library: Library, circuit: Circuit) -> Path:
    return library.circuit_folder(circuit.id) / RETRAINED_FILE
