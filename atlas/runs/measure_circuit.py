"""One circuit, from its files to its result; notebooks take the same steps one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from atlas.entries.circuit import Circuit
from atlas.entries.evidence import Verdict, derive_verdicts
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.entries.prompts import PromptRow
from atlas.errors import EntryError
from atlas.graphs.attention_json import score_values
from atlas.graphs.attention_score import AttentionScore
from atlas.methods.circuit_attention import circuit_score
from atlas.methods.circuit_graph import CircuitGraph, edge_table, trace_circuit
from atlas.methods.claims.evaluation_settings import EvaluationSettings
from atlas.methods.claims.instances import Instance, instances, positions
from atlas.methods.claims.row_activations import row_activations
from atlas.methods.evaluate import measure_claims
from atlas.methods.head_loadings import SPLIT_KINDS, head_loadings
from atlas.models.language_model import LanguageModel
from atlas.models.loading import AnyDictionary
from atlas.runs.keys import Keys
from atlas.runs.loaded import loaded
from atlas.runs.provenance import SEED
from atlas.runs.results import GRAPH_FILE, HEADS_FILE, Result, rounded

SHOWN_ANSWERS = 5  # most likely next tokens of the prompt that is drawn
SPLIT_EDGES = 2000  # strongest edges that are split by head: more than a reader goes through
SPLIT_HEADS = 3  # of each edge that stand by themselves; the rest is one number


@dataclass(frozen=True)
class PartActivation:
    """One member of a part on the prompt that is drawn."""

    part: str
    label: str
    feature: str  # <layer>-<index>
    position: int
    token: str
    activation: float


@dataclass(frozen=True)
class OpenedCircuit:
    """A circuit with its prompts, model and dictionary."""

    library: Library
    circuit: Circuit
    rows: tuple[PromptRow, ...]
    model: LanguageModel
    dictionary: AnyDictionary

    @cached_property
    def instance(self) -> Instance:
        """The prompt that is drawn: the named discovery row, else the first one.

        Raises EntryError if there is none.
        """
        named = self.circuit.prompts.graph
        fitting = [row for row in self.rows if row.split == "discovery" and named in ("", row.id)]
        if not fitting:
            raise EntryError(
                f"circuit {self.circuit.id}: prompts.graph",
                "the id of a discovery row",
                named or "no discovery row",
                "name a row of prompts.jsonl whose split is discovery",
            )
        return instances(self.model, fitting[:1])[0]

    @property
    def test_rows(self) -> list[PromptRow]:
        """The rows that claims are measured on."""
        return [row for row in self.rows if row.split == "test"]

    def answer(self) -> dict[str, Any]:
        """What the model says to the prompt that is drawn, most likely first."""
        ids = torch.from_numpy(self.instance.ids)[None]
        probabilities = torch.softmax(self.model.logits(ids)[0, -1].double(), dim=-1)
        values, tokens = probabilities.topk(min(SHOWN_ANSWERS, len(probabilities)))
        return {
            "row": self.instance.row.id,
            "text": self.instance.row.text,
            "target": self.instance.row.target,
            "target_probability": float(probabilities[self.instance.target_id]),
            "top": [
                {"token": self.model.token_string(int(token)), "probability": float(value)}
                for token, value in zip(tokens, values, strict=True)
            ],
        }

    def graph(self) -> CircuitGraph:
        """The attribution graph of the prompt that is drawn."""
        return trace_circuit(self.model, self.dictionary, self.circuit, self.instance)

    def part_activations(self) -> list[PartActivation]:
        """How strongly each part's members are active on the prompt that is drawn."""
        layers = {f.layer for part in self.circuit.parts for f in part.all_features}
        found = row_activations(self.model, self.dictionary, [self.instance], sorted(layers))[0]
        return [
            PartActivation(
                part=part.id,
                label=part.label,
                feature=str(feature),
                position=position,
                token=self.instance.tokens.strings[position],
                activation=found.at(feature.layer, position).value_of(feature.index),
            )
            for part in self.circuit.parts
            for position in positions(self.instance, part.position)
            for feature in part.features_for(self.instance.row.entities)
        ]

    def attention(self) -> list[AttentionScore]:
        """The scores of the heads that the circuit names, on the prompt that is drawn."""
        return [
            circuit_score((self.model, self.dictionary), self.circuit, self.instance, view)
            for view in self.circuit.attention
        ]

    def measure(self) -> list[Measurement]:
        """Every claim, measured on the test rows; none where the circuit makes no claims."""
        if not self.circuit.claims:
            return []
        settings = EvaluationSettings(seed=SEED)
        return measure_claims(self.model, self.dictionary, self.circuit, self.test_rows, settings)

    def verdicts(self, measured: Sequence[Measurement]) -> dict[str, Verdict]:
        """The verdict on each claim."""
        return derive_verdicts(self.circuit.claims, {each.claim: each for each in measured})

    def result(
        self,
        graph: CircuitGraph,
        measured: Sequence[Measurement],
        attention: Sequence[AttentionScore] = (),
    ) -> tuple[Result, Mapping[str, bytes]]:
        """The result and the files that stand beside it."""
        content = graph_bytes(graph)
        result = Result(
            entry=self.circuit.id,
            kind="circuit",
            measurements=tuple(measured),
            provenance=Keys(self.library).of(self.circuit),
            graph=self._graph_summary(graph, content[1]),
            part_edges=tuple(edge_table(graph.edges)),
            answer=self.answer(),
            attention=tuple(score_values(score) for score in attention),
        )
        return result, {GRAPH_FILE: content[0], HEADS_FILE: self.heads(graph, content[1])}

    def heads(self, graph: CircuitGraph, digest: str) -> bytes:
        """The strongest edges of the drawn graph, of that digest, by the head they go through."""
        drawn, ends = graph.drawn, graph.drawn.edges
        edges = np.flatnonzero(np.isin(drawn.nodes.kind[ends.sources], SPLIT_KINDS))
        strongest = np.argsort(-np.abs(ends.weights[edges]), kind="stable")[:SPLIT_EDGES]
        chosen = edges[np.sort(strongest)]
        table = []
        if len(chosen):
            table = head_loadings(self.model, self.dictionary, drawn, chosen).table(SPLIT_HEADS)
        values = {"graph": digest, "edges": rounded(table)}
        return (json.dumps(values, allow_nan=False, separators=(",", ":")) + "\n").encode()

    def _graph_summary(self, graph: CircuitGraph, digest: str) -> dict[str, Any]:
        approximate = graph.whole.header.provenance.get("approximate")
        return {
            **({"approximate": approximate} if approximate else {}),
            "file": GRAPH_FILE,
            "sha256": digest,
            "row": self.instance.row.id,
            "scores": asdict(graph.scores),  # of the whole graph
            "nodes": len(graph.drawn.nodes),
            "edges": int(graph.drawn.rows.nnz),
            "nodes_before_pruning": len(graph.whole.nodes),
            "edges_before_pruning": int(graph.whole.rows.nnz),
        }


def open_circuit(circuit_id: str, library: Path | None = None) -> OpenedCircuit:
    """A circuit of the library, with its model and dictionary loaded and checked.

    Raises:
        BrokenReference, ModelUnavailable, DigestMismatch: as in `load_model`.
    """
    found = Library.open(library)
    circuit = found.circuits.find(circuit_id)
    model, dictionary = loaded(found.root, circuit.model, circuit.dictionary)
    return OpenedCircuit(found, circuit, found.prompts(circuit), model, dictionary)


def graph_bytes(graph: CircuitGraph) -> tuple[bytes, str]:
    """The drawn graph as a file, and the file's digest."""
    content = graph.drawn.packed()
    return content, hashlib.sha256(content).hexdigest()
