"""One feature, from its file to its result; notebooks take the same steps one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from atlas.entries.circuit import Circuit
from atlas.entries.evidence import Verdict, derive_verdict
from atlas.entries.feature import Feature
from atlas.entries.feature_evidence import (
    LABEL,
    STEERING,
    label_verdict,
    steering_circuit,
    steering_claim,
    steering_rows,
)
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.errors import EntryError
from atlas.methods.claims.evaluation_settings import EvaluationSettings
from atlas.methods.evaluate import measure_claims
from atlas.models.language_model import LanguageModel
from atlas.models.loading import AnyDictionary
from atlas.runs.keys import Keys
from atlas.runs.loaded import loaded
from atlas.runs.observations import Engine, observations
from atlas.runs.provenance import SEED
from atlas.runs.results import Result


@dataclass(frozen=True)
class OpenedFeature:
    """A feature with its model and dictionary."""

    library: Library
    feature: Feature
    model: LanguageModel
    dictionary: AnyDictionary

    @cached_property
    def observed(self) -> dict[str, Any]:
        """Its dashboard and the score of its label on the held-out tokens, as JSON values."""
        engine = Engine(self.library, self.model, self.dictionary)
        return observations(engine, [self.feature])[self.feature.id]

    @cached_property
    def prompts_circuit(self) -> Circuit | None:
        """The circuit on whose prompts it is steered; None where it makes no steering claim.

        Raises BrokenReference, or EntryError where that circuit is about another dictionary.
        """
        if self.feature.steering is None:
            return None
        circuit = self.library.circuits.find(self.feature.steering.prompts_of)
        mine = (self.feature.model, self.feature.dictionary)
        if (circuit.model, circuit.dictionary) != mine:
            raise EntryError(
                f"feature {self.feature.id}: steering.prompts_of",
                f"a circuit on {mine[0]} with {mine[1]}",
                f"{circuit.id}, on {circuit.model} with {circuit.dictionary}",
                "name a circuit of the same model and dictionary",
            )
        return circuit

    def measure(self) -> list[Measurement]:
        """The steering claim, measured on the circuit's test rows; empty where there is none."""
        if self.prompts_circuit is None:
            return []
        circuit = steering_circuit(self.feature, self.prompts_circuit)
        rows = steering_rows(self.feature, self.library.prompts(self.prompts_circuit))
        settings = EvaluationSettings(seed=SEED)
        return measure_claims(self.model, self.dictionary, circuit, rows, settings)

    def verdicts(self, measured: Sequence[Measurement]) -> dict[str, Verdict]:
        """The verdicts on its label and on its steering claim, where it has them."""
        found = {}
        if self.feature.predicate is not None:
            found[LABEL] = label_verdict(self.feature, self.observed["score"])
        if self.feature.steering is not None:
            measurement = measured[0] if measured else None
            found[STEERING] = derive_verdict(steering_claim(self.feature), measurement)
        return found

    def result(self, measured: Sequence[Measurement]) -> Result:
        """The result."""
        return Result(
            entry=self.feature.id,
            kind="feature",
            measurements=tuple(measured),
            provenance=Keys(self.library).of(self.feature),
            feature=self.observed,
        )


def open_feature(feature_id: str, library: Path | None = None) -> OpenedFeature:
    """A feature of the library, with its model and dictionary loaded and checked.

    Raises:
        BrokenReference, ModelUnavailable, DigestMismatch: as in `load_model`.
    """
    found = Library.open(library)
    feature = found.features.find(feature_id)
    model, dictionary = loaded(found.root, feature.model, feature.dictionary)
    return OpenedFeature(found, feature, model, dictionary)
