"""A circuit of the example library in weights that were trained again: made-up, one hostile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from atlas.entries.circuit import Circuit
from atlas.entries.digests import file_digest
from atlas.entries.ids import LayerFeature
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.entries.retrained import RETRAINED_FILE, Retraining, question_digest, retrained_bytes
from tests.hostile_corpus import HOSTILE

CIRCUIT = "microworld-states-and-capitals"


def write_retrained(library: Library, measured: list[dict]) -> Path:
    """Three dictionaries (all claims hold, none does, not measured) and a model; the file."""
    circuit = library.circuits.find(CIRCUIT)
    holds = retraining(library, circuit, measured)
    weak = tuple(
        replace(each, value=0.0, interval=(-0.01, 0.01)) for each in holds.measurements.values()
    )
    found = (
        holds,
        replace(holds, seed=2, measurements={each.claim: each for each in weak}),
        replace(holds, seed=3, parts={}, measurements={}, unmeasured=HOSTILE),
        replace(holds, varied="model"),
    )
    path = library.circuit_folder(circuit.id) / RETRAINED_FILE
    path.write_bytes(retrained_bytes(found))
    return path


def retraining(library: Library, circuit: Circuit, measured: list[dict]) -> Retraining:
    """One in which every part has a member for every other value, and everything is measured."""
    values = [f"value {number}" for number in range(6)]
    members = {
        value: (LayerFeature(1, number),) if number % 2 else ()
        for number, value in enumerate(values)
    }
    found = [Measurement.from_json(each, "example") for each in measured]
    return Retraining(
        varied="dictionary",
        seed=1,
        weights_digest="0" * 64,
        question=question_digest(circuit, file_digest(library.prompts_path(circuit))),
        versions={"torch": "2.13.0"},
        parts={part.id: members for part in circuit.parts},
        measurements={each.claim: each for each in found},
    )
