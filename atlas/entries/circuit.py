"""A circuit as its curators write it: parts, interventions, and claims that can be false."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from atlas.entries.credit import Curator, Lifecycle, NotebookCall, Source
from atlas.entries.ids import LayerFeature, LayerHead
from atlas.entries.position import Position
from atlas.entries.prompts import PromptFile
from atlas.entries.record import Record

Action = Literal["ablate", "scale", "set", "add", "set_from_partner"]
ClaimKind = Literal["effect", "no_effect", "demonstration"]
Direction = Literal["increase", "decrease"]
ClaimToken = Literal["target", "foil", "partner_target"]


@dataclass(frozen=True, kw_only=True)
class Part(Record):
    """A labelled group of features and heads at one place of the prompt.

    Where `keyed_by` names an entity, `features` maps that entity's value in a row to the
    features that stand for it; elsewhere `features` is one list.
    """

    id: str
    label: str
    role: str
    position: Position
    keyed_by: str = ""
    found_by: str = ""
    features: tuple[LayerFeature, ...] | Mapping[str, tuple[LayerFeature, ...]] = ()
    heads: tuple[LayerHead, ...] = ()

    def features_for(self, entities: Mapping[str, str]) -> tuple[LayerFeature, ...]:
        """The part's features in a row with these entities; empty where it has none for them."""
        if isinstance(self.features, Mapping):
            return self.features.get(entities.get(self.keyed_by, ""), ())
        return self.features

    @property
    def all_features(self) -> tuple[LayerFeature, ...]:
        """Every feature of the part, over all values of its key, sorted, each once."""
        if isinstance(self.features, Mapping):
            return tuple(sorted({one for group in self.features.values() for one in group}))
        return tuple(sorted(set(self.features)))


@dataclass(frozen=True, kw_only=True)
class ExpectedEdge(Record):
    """An edge between two parts that the graph is expected to show; never evidence."""

    source: str
    target: str
    sign: Literal["positive", "negative"]


@dataclass(frozen=True, kw_only=True)
class AttentionView(Record):
    """A head whose look from one place to another belongs to the story; never evidence.

    Its score is split over sources on the prompt that is drawn; with a foil, the score of the key
    less that of the foil.
    """

    head: LayerHead
    query: Position
    key: Position
    foil: Position | None = None
    label: str
    found_by: str = ""


@dataclass(frozen=True, kw_only=True)
class PartnerRule(Record):
    """Which row of the same split a row is paired with: what differs, what stays the same."""

    differs_in: tuple[str, ...]
    same: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step(Record):
    """One change of one part's activations.

    `scale` multiplies by `factor`; `set` writes `value`, `add` adds it (both in activation
    units); `set_from_partner` writes the partner row's activations times `factor`.
    """

    part: str
    action: Action
    factor: float | None = None
    value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Intervention(Record):
    """Steps made together in one run; `generate` > 0 asks for that many greedy tokens."""

    id: str
    title: str
    partner: PartnerRule | None = None
    steps: tuple[Step, ...]
    generate: int = 0


@dataclass(frozen=True, kw_only=True)
class Threshold(Record):
    """A bound on an effect, in the unit of its metric, and why it is this one."""

    value: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReportedValue(Record):
    """The value that the source reports, and where in the source it stands."""

    value: float
    where: str


@dataclass(frozen=True, kw_only=True)
class Claim(Record):
    """One sentence that can be false, and the measurement that decides it.

    `threshold` bounds the effect in the claim's direction; `margin` bounds the size of an
    effect that is claimed to be absent.
    """

    id: str
    statement: str
    kind: ClaimKind
    intervention: str
    metric: str
    of: ClaimToken
    direction: Direction | None = None
    threshold: Threshold | None = None
    margin: Threshold | None = None
    depends_on: tuple[str, ...] = ()
    reported_value: ReportedValue | None = None


@dataclass(frozen=True, kw_only=True)
class Circuit(Record):
    """A circuit: one folder under `circuits/`, its `circuit.yaml`."""

    schema_version: int
    id: str
    title: str
    summary: str
    story: str = ""
    domain: str
    behaviour: str
    languages: tuple[str, ...]
    model: str
    dictionary: str
    lifecycle: Lifecycle
    superseded_by: str = ""
    reason: str = ""
    created: str
    licence: str
    curators: tuple[Curator, ...]
    sources: tuple[Source, ...] = ()
    prompts: PromptFile
    target: Literal["answer", "difference", "salient"]
    parts: tuple[Part, ...] = ()
    edges: tuple[ExpectedEdge, ...] = ()
    attention: tuple[AttentionView, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    claims: tuple[Claim, ...] = ()
    related: tuple[str, ...] = ()
    analogue_of: tuple[str, ...] = ()
    notebook: NotebookCall

    def part(self, part_id: str) -> Part:
        """The part of that id; KeyError if there is none."""
        return {part.id: part for part in self.parts}[part_id]

    def intervention(self, intervention_id: str) -> Intervention:
        """The intervention of that id; KeyError if there is none."""
        return {each.id: each for each in self.interventions}[intervention_id]

    def claim(self, claim_id: str) -> Claim:
        """The claim of that id; KeyError if there is none."""
        return {claim.id: claim for claim in self.claims}[claim_id]
