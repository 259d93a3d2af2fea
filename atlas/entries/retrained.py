"""A circuit's claims in retrained weights: does the story hold for this one dictionary alone?

A part is a list of features of one dictionary. Trained again from another seed, the dictionary has
other features, but a part that says how it was found (`found_by`) can be found again there, and the
claims measured with the new members. `circuits/<id>/retrained.json` holds what that came to, one
retraining after the other. It is never evidence for a verdict, which rests on the weights that the
entry names: it says how far the verdict reaches. Verdicts are derived when they are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from atlas.entries.circuit import Circuit
from atlas.entries.digests import file_digest, text_digest
from atlas.entries.evidence import INCONCLUSIVE, SUPPORTED, Verdict, derive_verdicts
from atlas.entries.ids import LayerFeature
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.errors import MISSHAPEN, EntryError

SCHEMA_VERSION = 1
RETRAINED_FILE = "retrained.json"  # beside `circuit.yaml`

Members = tuple[LayerFeature, ...] | Mapping[str, tuple[LayerFeature, ...]]
Varied = Literal["dictionary", "model"]  # the dictionary alone, or the model and its dictionary


@dataclass(frozen=True)
class Retraining:
    """One retraining: what was trained again, which features the parts have there, the claims."""

    varied: Varied
    seed: int  # 0: the seed of the weights that the entry names, on another machine
    weights_digest: str  # over the files that were read
    question: str  # `question_digest` of the circuit that was measured
    versions: Mapping[str, str] = field(default_factory=dict)  # of what can change a number
    parts: Mapping[str, Members] = field(default_factory=dict)  # by part: its members found again
    measurements: Mapping[str, Measurement] = field(default_factory=dict)  # by claim
    unmeasured: str = ""  # why there are no measurements

    @property
    def name(self) -> str:
        """Such as `dictionary-1`; no two of a circuit have the same."""
        return f"{self.varied}-{self.seed}"

    @property
    def groups_found(self) -> str:
        """Of how many groups (a part's, or one per value of its key) some features were found."""
        groups = [
            group
            for members in self.parts.values()
            for group in (members.values() if isinstance(members, Mapping) else (members,))
        ]
        return f"{sum(map(bool, groups))} of {len(groups)}"

    def verdicts(self, circuit: Circuit) -> dict[str, Verdict]:
        """What the verdicts would be if these weights were those that the entry names."""
        return derive_verdicts(circuit.claims, self.measurements)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        found = {part: _names(members) for part, members in self.parts.items()}
        measured = [each.to_json() for each in self.measurements.values()]
        return {**asdict(replace(self, parts={}, measurements={})), "parts": found,
                "measurements": measured}  # fmt: skip

    @classmethod
    def from_json(cls, value: Any, where: str) -> Retraining:
        """Read what `to_json` gives. Raises EntryError for anything else."""
        try:
            measured = [Measurement.from_json(each, where) for each in value["measurements"]]
            if value["varied"] not in ("dictionary", "model"):
                raise ValueError(f"varied: {str(value['varied'])[:40]!r}")
            return cls(
                varied=value["varied"],
                seed=int(value["seed"]),
                weights_digest=str(value["weights_digest"]),
                question=str(value["question"]),
                versions={str(name): str(each) for name, each in value["versions"].items()},
                parts={str(part): _members(each) for part, each in value["parts"].items()},
                measurements={each.claim: each for each in measured},
                unmeasured=str(value["unmeasured"]),
            )
        except MISSHAPEN as error:
            raise _broken(where, error) from error


@dataclass(frozen=True)
class Holding:
    """In how many retrainings of one kind a claim is supported, and in how many nobody can say."""

    varied: Varied
    supported: int
    of: int
    inconclusive: int = 0

    @property
    def words(self) -> str:
        """Such as `2 of 3 dictionaries (1 inconclusive)`."""
        what = "dictionaries" if self.varied == "dictionary" else "models"
        if self.of == 1:
            what = self.varied
        rest = f" ({self.inconclusive} inconclusive)" if self.inconclusive else ""
        return f"{self.supported} of {self.of} {what}{rest}"


def holdings(circuit: Circuit, retrained: tuple[Retraining, ...]) -> dict[str, list[Holding]]:
    """Per claim that is judged, in how many of the retrainings it is supported."""
    derived = [(each.varied, each.verdicts(circuit)) for each in retrained]
    found: dict[str, list[Holding]] = {}
    for claim in circuit.claims:
        if claim.kind == "demonstration":
            continue
        found[claim.id] = []
        kinds: tuple[Varied, ...] = ("dictionary", "model")
        for kind in kinds:
            words = [verdicts[claim.id].word for varied, verdicts in derived if varied == kind]
            if words:
                counted = words.count(SUPPORTED), len(words), words.count(INCONCLUSIVE)
                found[claim.id].append(Holding(kind, *counted))
    return found


def with_parts(circuit: Circuit, parts: Mapping[str, Members]) -> Circuit:
    """The circuit with other members in its parts; heads belong to the old model, and go."""
    return replace(
        circuit,
        parts=tuple(replace(each, features=parts[each.id], heads=()) for each in circuit.parts),
        attention=(),
    )


def question_digest(circuit: Circuit, prompts_digest: str) -> str:
    """What a retraining was asked: how parts are found, what is done to them, what is measured.

    Members, wording, thresholds and the status of the entry may change without a new measurement.
    """
    parts = [
        (each.id, asdict(each.position), each.keyed_by, each.found_by) for each in circuit.parts
    ]
    steps = [asdict(replace(each, title="")) for each in circuit.interventions]
    claims = [
        (each.id, each.kind, each.intervention, each.metric, each.of, each.direction)
        for each in circuit.claims
    ]
    asked = {"parts": parts, "interventions": steps, "claims": claims, "prompts": prompts_digest}
    return text_digest(json.dumps(asked, sort_keys=True))


def read_retrained(path: Path) -> tuple[Retraining, ...]:
    """The retrainings of a circuit, by kind and seed; none where there is no file.

    Raises EntryError if the file is damaged.
    """
    if not path.is_file():
        return ()
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema_version {str(value['schema_version'])[:40]}")
        found = [Retraining.from_json(each, str(path)) for each in value["retrained"]]
    except (OSError, *MISSHAPEN) as error:
        raise _broken(str(path), error) from error
    return tuple(sorted(found, key=lambda each: (each.varied, each.seed)))


def current_retrainings(library: Library, circuit: Circuit) -> tuple[Retraining, ...]:
    """The retrainings that were asked what the circuit asks today; the others tell of no claim.

    Raises EntryError if the file is damaged.
    """
    found = read_retrained(library.circuit_folder(circuit.id) / RETRAINED_FILE)
    if not found:
        return ()
    question = question_digest(circuit, file_digest(library.prompts_path(circuit)))
    return tuple(each for each in found if each.question == question)


def retrained_bytes(retrained: tuple[Retraining, ...]) -> bytes:
    """The file's content; equal retrainings give equal bytes."""
    ordered = sorted(retrained, key=lambda each: (each.varied, each.seed))
    value = {
        "schema_version": SCHEMA_VERSION,
        "retrained": [each.to_json() for each in ordered],
    }
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _names(members: Members) -> Any:
    if isinstance(members, Mapping):
        return {value: [str(each) for each in group] for value, group in members.items()}
    return [str(each) for each in members]


def _members(value: Any) -> Members:
    if isinstance(value, Mapping):
        return {
            str(key): tuple(LayerFeature.parse(str(each)) for each in group)
            for key, group in value.items()
        }
    return tuple(LayerFeature.parse(str(each)) for each in value)


def _broken(where: str, error: Exception) -> EntryError:
    return EntryError(
        where,
        "what `atlas find-again --accept` writes",
        f"{type(error).__name__}: {error}"[:200],
        "restore it, or measure the retrained weights again",
    )
