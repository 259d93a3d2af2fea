"""What the accepted baseline of an entry says, as the verbs show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atlas.entries.circuit import Circuit
from atlas.entries.evidence import Verdict, derive_verdicts, entry_verdict, may_replicate
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.runs.results import read_result_file


@dataclass(frozen=True)
class CircuitBaseline:
    """Verdicts derived from the accepted measurements; all not_run where there are none."""

    verdict: str
    claims: Mapping[str, Verdict]
    measurements: Mapping[str, Measurement]


def circuit_baseline(library: Library, circuit: Circuit) -> CircuitBaseline:
    """The baseline of a circuit. Raises EntryError if its file is damaged."""
    result = read_result_file(library.baseline(circuit))
    measurements = result.by_claim() if result else {}
    verdicts = derive_verdicts(circuit.claims, measurements)
    word = entry_verdict(list(verdicts.values()), _replicates(library, circuit))
    return CircuitBaseline(word, verdicts, measurements)


def _replicates(library: Library, circuit: Circuit) -> bool:
    """Whether a supported circuit counts as the replication of a publication."""
    kind = library.models[circuit.model].kind if circuit.model in library.models else ""
    for source in circuit.sources:
        found = library.resources.get(source.resource)
        published = "publication" if found is not None and found.is_publication else ""
        if may_replicate(source.relation, published, kind):
            return True
    return False
