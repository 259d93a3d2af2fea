"""Rules on interventions and claims: each can be run, and each can be false."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from atlas.entries.circuit import Circuit, Claim, Intervention, PartnerRule
from atlas.entries.evidence import LARGEST_P_VALUE
from atlas.entries.ids import LayerHead
from atlas.entries.prompts import PromptRow
from atlas.entries.rules.rule import Finding, Rule, Subject
from atlas.entries.rules.shared import number_of_action, threshold_in_range
from atlas.entries.text import quoted

Findings = Iterator[Finding]
CircuitSubject = Subject[Circuit]

MINIMUM_ROWS = 100  # fewer test instances cannot carry a claim
FEWEST_SETS = round(1 / LARGEST_P_VALUE) - 1  # of other heads: p is at least 1 / (1 + draws)
MORE_HEADS = 4  # per layer that a control set may have beyond the circuit's
_OWN_PART = "give the heads a part of their own"
ROW_FIELDS = ("template", "target", "foil")  # beside entities, what a partner rule may name


def actions_have_their_number(subject: CircuitSubject) -> Findings:
    """Each step has the number that its action needs, and no other."""
    for number, intervention in enumerate(subject.record.interventions):
        for place, step in enumerate(intervention.steps):
            yield from number_of_action(step, ("interventions", number, "steps", place))


def partner_actions_have_a_partner(subject: CircuitSubject) -> Findings:
    """`set_from_partner` needs a rule that pairs the rows."""
    for number, intervention in enumerate(subject.record.interventions):
        for place, step in enumerate(intervention.steps):
            if step.action == "set_from_partner" and intervention.partner is None:
                path = ("interventions", number, "steps", place, "action")
                yield Finding(
                    path,
                    "a partner rule with set_from_partner",
                    "no partner",
                    "add `partner: {differs_in: […]}`",
                )


def heads_are_taken_away(subject: CircuitSubject) -> Findings:
    """Heads are ablated or scaled; an effect claimed of heads is theirs alone and has a control."""
    record = subject.record
    heads = {part.id: part for part in record.parts if part.heads}
    features = {part.id for part in record.parts if part.all_features}
    claimed = {each.intervention for each in record.claims if each.kind == "effect"}
    for number, intervention in enumerate(record.interventions):
        parts = [step.part for step in intervention.steps]
        for place, step in enumerate(intervention.steps):
            path = ("interventions", number, "steps", place)
            if step.part not in heads:
                continue
            found = f"{quoted(step.part)}, which has heads"
            if step.action not in ("ablate", "scale"):
                expected = "a part of features only, or ablate or scale"
                yield Finding((*path, "part"), expected, found, _OWN_PART)
            elif intervention.id in claimed and features.intersection(parts):
                expected = "heads without features where an effect is claimed"
                yield Finding((*path, "part"), expected, found, _OWN_PART)
        changed = {head for part in parts if part in heads for head in heads[part].heads}
        if intervention.id in claimed and changed:
            yield from _other_heads(subject, changed, ("interventions", number, "steps"))


def _other_heads(
    subject: CircuitSubject, changed: Collection[LayerHead], path: tuple[str | int, ...]
) -> Findings:
    """The finding that too few sets of other heads exist for any p value to be small enough."""
    model = subject.known.model(subject.record.model)
    if model is None:
        return
    inside = {head for part in subject.record.parts for head in part.heads}
    sets = 1
    for layer in {head.layer for head in changed}:
        others = model.heads - sum(head.layer == layer for head in inside)
        size = sum(head.layer == layer for head in changed)
        sets *= sum(math.comb(max(others, 0), size + more) for more in range(MORE_HEADS + 1))
    if sets < FEWEST_SETS:
        expected = f"at least {FEWEST_SETS} sets of other heads of the same layers to compare with"
        action = "claim a demonstration or no_effect, or an effect of heads in more layers at once"
        yield Finding(path, expected, f"{sets}, so that p could not be {LARGEST_P_VALUE:g}", action)


def lent_activations_have_one_place(subject: CircuitSubject) -> Findings:
    """A partner's activations are written at one position, so the part has one."""
    anywhere = {part.id for part in subject.record.parts if part.position.kind == "any"}
    for number, intervention in enumerate(subject.record.interventions):
        for place, step in enumerate(intervention.steps):
            if step.action == "set_from_partner" and step.part in anywhere:
                yield Finding(
                    ("interventions", number, "steps", place, "part"),
                    "a part with one position for set_from_partner",
                    f"{quoted(step.part)} at any position",
                    "give the part a position: last, an entity or an index",
                )


def partner_fields_exist(subject: CircuitSubject) -> Findings:
    """A partner rule names fields that the rows have."""
    names = {name for row in subject.rows for name in row.record.entities}
    for number, intervention in enumerate(subject.record.interventions):
        rule = intervention.partner
        for key in ("differs_in", "same") if rule and subject.rows else ():
            for place, name in enumerate(getattr(rule, key)):
                if name not in ROW_FIELDS and name not in names:
                    known = ", ".join([*ROW_FIELDS, *sorted(names)])
                    path = ("interventions", number, "partner", key, place)
                    yield Finding(path, f"one of {known}", quoted(name), "choose one of these")


def claims_have_their_bound(subject: CircuitSubject) -> Findings:
    """An effect has direction and threshold; an absence has a margin; neither has the other's."""
    for number, claim in enumerate(subject.record.claims):
        path = ("claims", number)
        if claim.kind == "no_effect":
            needed, refused = ["margin"], ["direction", "threshold"]
        else:
            needed = ["direction", "threshold"] if claim.kind == "effect" else ["direction"]
            refused = ["margin"]
        for name in needed:
            if getattr(claim, name) is None:
                expected = f'"{name}" with kind {claim.kind}'
                yield Finding(path, expected, f"no {name}", f"add `{name}:`")
        for name in refused:
            if getattr(claim, name) is not None:
                expected = f'no "{name}" with kind {claim.kind}'
                yield Finding((*path, name), expected, f"a {name}", "remove it", at_key=True)


def bounds_are_in_range(subject: CircuitSubject) -> Findings:
    """Thresholds and margins are sizes, and at most 1 where the metric is a share."""
    for number, claim in enumerate(subject.record.claims):
        for name in ("threshold", "margin"):
            bound = getattr(claim, name)
            if bound is not None:
                yield from threshold_in_range(claim.metric, bound.value, ("claims", number, name))


def partner_targets_have_a_partner(subject: CircuitSubject) -> Findings:
    """A claim of the partner's target runs an intervention with a partner."""
    for number, claim, intervention in _runs(subject.record):
        if claim.of == "partner_target" and intervention.partner is None:
            yield Finding(
                ("claims", number, "of"),
                "an intervention with a partner",
                f"{quoted(intervention.id)}, which has none",
                "add a partner rule, or measure target or foil",
            )


def generated_claims_generate(subject: CircuitSubject) -> Findings:
    """The metric `generated` runs an intervention that generates."""
    for number, claim, intervention in _runs(subject.record):
        if claim.metric == "generated" and intervention.generate < 1:
            yield Finding(
                ("claims", number, "metric"),
                "an intervention with generate above 0",
                f"{quoted(intervention.id)} with generate 0",
                "set `generate:` on the intervention",
            )


def active_circuits_claim_something(subject: CircuitSubject) -> Findings:
    """An active circuit has a graph, parts, interventions, and a claim that is judged."""
    record = subject.record
    if record.lifecycle != "active":
        return
    for name in ("parts", "interventions", "claims"):
        if not getattr(record, name):
            yield Finding((), f"{name} in an active circuit", f"no {name}", _DRAFT)
    if not record.prompts.graph:
        yield Finding(("prompts",), "graph: the row that is drawn", "no graph", _DRAFT)
    if record.claims and all(claim.kind == "demonstration" for claim in record.claims):
        expected = "a claim of kind effect or no_effect beside demonstrations"
        yield Finding(("claims",), expected, "demonstrations only", _DRAFT)


def active_circuits_are_told(subject: CircuitSubject) -> Findings:
    """An active circuit says in its story how to read it."""
    if subject.record.lifecycle == "active" and not subject.record.story:
        yield Finding((), "a story in an active circuit", "none", "say how to read its parts")


def claims_have_enough_rows(subject: CircuitSubject) -> Findings:
    """A judged claim runs on at least 100 test rows."""
    if subject.record.lifecycle == "draft" or not subject.rows_readable:
        return
    tests = sum(row.record.split == "test" for row in subject.rows)
    for number, claim in enumerate(subject.record.claims):
        if claim.kind != "demonstration" and tests < MINIMUM_ROWS:
            expected = f"at least {MINIMUM_ROWS} test rows for a claim of kind {claim.kind}"
            action = "add rows, or claim a demonstration"
            yield Finding(("claims", number, "kind"), expected, str(tests), action)


def partners_can_be_found(subject: CircuitSubject) -> Findings:
    """A judged claim that swaps has at least 100 test rows with a partner."""
    rows = [row.record for row in subject.rows if row.record.split == "test"]
    for number, claim, intervention in _runs(subject.record):
        if (
            claim.kind == "demonstration"
            or intervention.partner is None
            or subject.record.lifecycle == "draft"
            or len(rows) < MINIMUM_ROWS
        ):
            continue
        paired = _rows_with_partner(intervention.partner, rows)
        if paired < MINIMUM_ROWS:
            expected = f"at least {MINIMUM_ROWS} test rows with a partner"
            action = "loosen the partner rule, or add rows"
            yield Finding(("claims", number, "intervention"), expected, str(paired), action)


def claims_have_their_foil(subject: CircuitSubject) -> Findings:
    """Rows have a foil where the graph or a claim compares with it."""
    without = [row for row in subject.rows if not row.record.foil]
    if not without:
        return
    found = f"none in row {quoted(without[0].record.id)} (line {without[0].line.line})"
    if subject.record.target == "difference":
        yield Finding(("target",), "a foil in every row", found, "add foils, or explain the answer")
    for number, claim in enumerate(subject.record.claims):
        compares = claim.metric == "logit_difference" and claim.of == "target"
        if claim.of == "foil" or compares:
            path = ("claims", number, "of")
            yield Finding(path, "a foil in every row", found, "add foils, or measure otherwise")


def _runs(circuit: Circuit) -> Iterator[tuple[int, Claim, Intervention]]:
    """Each claim with the intervention that it runs, where there is one."""
    interventions = {each.id: each for each in circuit.interventions}
    for number, claim in enumerate(circuit.claims):
        if claim.intervention in interventions:
            yield number, claim, interventions[claim.intervention]


def _rows_with_partner(rule: PartnerRule, rows: Sequence[PromptRow]) -> int:
    """How many rows have at least one row that may lend them its values."""
    groups: dict[tuple[str, ...], dict[tuple[str, ...], int]] = defaultdict(dict)
    for row in rows:
        kind = (row.target, *[_field(row, name) for name in rule.differs_in])
        counts = groups[tuple([_field(row, name) for name in rule.same])]
        counts[kind] = counts.get(kind, 0) + 1
    paired = 0
    for counts in groups.values():
        for kind, count in counts.items():
            if any(_all_differ(kind, other) for other in counts):
                paired += count
    return paired


def _all_differ(kind: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return all(b not in ("", a) for a, b in zip(kind, other, strict=True))


def _field(row: PromptRow, name: str) -> str:
    return str(getattr(row, name)) if name in ROW_FIELDS else row.entities.get(name, "")


_DRAFT = "add it, or set lifecycle: draft"
RULES = (
    Rule("E231", "circuit", "actions have their number", actions_have_their_number),
    Rule("E232", "circuit", "set_from_partner has a partner", partner_actions_have_a_partner),
    Rule(
        "E233", "circuit", "heads are taken away, and others can be compared", heads_are_taken_away
    ),
    Rule("E234", "circuit", "lent activations have one place", lent_activations_have_one_place),
    Rule("E235", "circuit", "partner rules name fields of the rows", partner_fields_exist),
    Rule("E236", "circuit", "claims have the bound of their kind", claims_have_their_bound),
    Rule("E237", "circuit", "bounds are in range", bounds_are_in_range),
    Rule("E238", "circuit", "partner_target has a partner", partner_targets_have_a_partner),
    Rule("E239", "circuit", "generated claims generate", generated_claims_generate),
    Rule("E240", "circuit", "active circuits claim something", active_circuits_claim_something),
    Rule(
        "E244",
        "circuit",
        "active circuits say how to read them",
        active_circuits_are_told,
        "information",
    ),
    Rule("E241", "circuit", "judged claims have 100 test rows", claims_have_enough_rows),
    Rule("E242", "circuit", "judged swaps have 100 partners", partners_can_be_found),
    Rule("E243", "circuit", "rows have the foil that is compared", claims_have_their_foil),
)
