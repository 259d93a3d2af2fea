"""Rules on features: their place, their predicate, and their steering claim."""

from __future__ import annotations

from collections.abc import Iterator

from atlas.entries.circuit import Circuit
from atlas.entries.feature import Feature, Steering
from atlas.entries.ids import FeatureId
from atlas.entries.problems import did_you_mean
from atlas.entries.prompts import PromptRow
from atlas.entries.rules.circuit_claims import MINIMUM_ROWS
from atlas.entries.rules.circuit_parts import outside
from atlas.entries.rules.latents import latent_values
from atlas.entries.rules.rule import Finding, Rule, Subject
from atlas.entries.rules.shared import number_of_action, threshold_in_range, unknown_term
from atlas.entries.text import quoted

Findings = Iterator[Finding]
FeatureSubject = Subject[Feature]


def path_is_id(subject: FeatureSubject) -> Findings:
    """Model, dictionary, layer and index are those of the path."""
    placed = FeatureId.parse(subject.entry_id)
    for name in ("model", "dictionary", "layer", "index"):
        expected, found = getattr(placed, name), getattr(subject.record, name)
        if expected != found:
            yield Finding(
                (name,), f"{quoted(expected)}, as in its path", quoted(found), "correct or move it"
            )


def feature_is_in_the_dictionary(subject: FeatureSubject) -> Findings:
    """Layer and index lie within the dictionary."""
    dictionary = subject.known.dictionary(subject.record.model, subject.record.dictionary)
    if dictionary is not None:
        for finding in outside(dictionary, subject.record.short, ()):
            field = "layer" if "layer" in finding.action else "index"
            yield Finding((field,), finding.expected, finding.found, finding.action)


def predicate_has_one_form(subject: FeatureSubject) -> Findings:
    """A latent with `equals` or `in`, or tokens; not both and not neither."""
    predicate = subject.record.predicate
    if predicate is None:
        return
    forms = [predicate.equals is not None, bool(predicate.one_of), bool(predicate.tokens)]
    if sum(forms) != 1 or bool(predicate.latent) == bool(predicate.tokens):
        yield Finding(
            ("predicate",),
            "{latent, equals}, {latent, in} or {tokens}",
            "another combination of keys",
            "keep one form",
        )


def active_features_are_testable(subject: FeatureSubject) -> Findings:
    """An active feature has a predicate and the score that it must reach."""
    for name in ("predicate", "score"):
        if subject.record.lifecycle == "active" and getattr(subject.record, name) is None:
            action = "add it, or set lifecycle: draft"
            yield Finding((), f"{name} in an active feature", f"no {name}", action)


def latent_is_known(subject: FeatureSubject) -> Findings:
    """The predicate names a latent and values of the model's labelled token file."""
    predicate = subject.record.predicate
    model = subject.known.model(subject.record.model)
    if predicate is None or not predicate.latent or model is None or model.tokens is None:
        return
    latents = latent_values(subject.known.library.root / model.tokens.file)
    if latents is None:
        return  # E405 reports the missing file
    path: tuple[str | int, ...] = ("predicate", "latent")
    if predicate.latent not in latents:
        action = f"choose a latent of the file{did_you_mean(predicate.latent, latents)}"
        yield Finding(path, f"a latent of {model.tokens.file}", quoted(predicate.latent), action)
        return
    known = latents[predicate.latent]
    for value in predicate.values:
        if value not in known:
            key = "equals" if predicate.equals is not None else "in"
            expected = f"a value of the latent {predicate.latent}"
            action = f"choose one{did_you_mean(value, known)}"
            yield Finding(("predicate", key), expected, quoted(value), action)


def steering_prompts_exist(subject: FeatureSubject) -> Findings:
    """The steering claim uses the prompts of a circuit on the same model."""
    steering = subject.record.steering
    circuits = subject.known.library.circuits
    if steering is None:
        return
    path = ("steering", "prompts_of")
    if steering.prompts_of not in circuits:
        action = f"name one that exists{did_you_mean(steering.prompts_of, circuits)}"
        yield Finding(path, "the id of a circuit", quoted(steering.prompts_of), action)
        return
    circuit = subject.known.circuit(steering.prompts_of)
    if circuit is not None and circuit.model != subject.record.model:
        found = f"one of {quoted(circuit.model)}"
        yield Finding(path, "a circuit on the same model", found, "name another circuit")


def steering_has_its_number(subject: FeatureSubject) -> Findings:
    """The steering action has the number that it needs."""
    if subject.record.steering is not None:
        yield from number_of_action(subject.record.steering, ("steering",))


def steering_metric_is_known(subject: FeatureSubject) -> Findings:
    """The steering metric is a term of the vocabulary, and one that needs no generation."""
    steering = subject.record.steering
    if steering is None:
        return
    path = ("steering", "metric")
    yield from unknown_term(subject, "metrics", steering.metric, path)
    if steering.metric == "generated":
        yield Finding(path, "a metric of the next token", '"generated"', "choose another metric")


def steering_bound_is_in_range(subject: FeatureSubject) -> Findings:
    """The steering threshold is a size, and at most 1 where the metric is a share."""
    steering = subject.record.steering
    if steering is not None:
        path = ("steering", "threshold")
        yield from threshold_in_range(steering.metric, steering.threshold.value, path)


def steering_entities_exist(subject: FeatureSubject) -> Findings:
    """Entities that the steering claim names are those of the rows, and occur in the texts."""
    steering = subject.record.steering
    rows = subject.known.rows(steering.prompts_of) if steering else ()
    if steering is None or not rows:
        return
    circuit, entity = steering.prompts_of, steering.position.entity
    names = subject.known.once(
        ("entities", circuit), lambda: {name for row in rows for name in row.entities}
    )
    for name in steering.where:
        if name not in names:
            near = did_you_mean(name, names)
            found, action = quoted(name), f"name one that they have{near}"
            yield Finding(("steering", "where", name), "an entity of the rows", found, action, True)
    if steering.position.kind != "entity":
        return
    lacking = subject.known.once(
        ("lacking", circuit, entity),
        lambda: [row.id for row in rows if row.entities.get(entity, "\0") not in row.text],
    )
    if lacking:
        expected = f"an entity {quoted(entity)} that occurs in every text"
        found = f"not in row {quoted(lacking[0])}"
        action = "name one that is in the text"
        yield Finding(("steering", "position", "entity"), expected, found, action)


def steering_has_enough_rows(subject: FeatureSubject) -> Findings:
    """At least 100 test rows have what the steering claim asks for."""
    steering = subject.record.steering
    circuit: Circuit | None = subject.known.circuit(steering.prompts_of) if steering else None
    if steering is None or circuit is None or subject.record.lifecycle == "draft":
        return
    if circuit.model != subject.record.model:
        return  # E306 has said so
    chosen = tuple(sorted(steering.where.items()))
    used = subject.known.once(
        ("used", steering.prompts_of, chosen, _needs_foil(steering)),
        lambda: sum(_is_used(row, steering) for row in subject.known.rows(steering.prompts_of)),
    )
    if used < MINIMUM_ROWS:
        path = ("steering", "where") if steering.where else ("steering", "prompts_of")
        expected = f"at least {MINIMUM_ROWS} test rows with what the claim needs"
        yield Finding(path, expected, str(used), "loosen `where`, or add rows")


def _needs_foil(steering: Steering) -> bool:
    return steering.of == "foil" or steering.metric == "logit_difference"


def _is_used(row: PromptRow, steering: Steering) -> bool:
    chosen = all(row.entities.get(name) == value for name, value in steering.where.items())
    return row.split == "test" and chosen and bool(row.foil or not _needs_foil(steering))


RULES = (
    Rule("E301", "feature", "the path is the id", path_is_id),
    Rule("E302", "feature", "the feature lies in the dictionary", feature_is_in_the_dictionary),
    Rule("E303", "feature", "the predicate has one form", predicate_has_one_form),
    Rule("E304", "feature", "active features are testable", active_features_are_testable),
    Rule("E305", "feature", "the latent and its values are known", latent_is_known),
    Rule("E306", "feature", "steering uses a circuit of the model", steering_prompts_exist),
    Rule("E307", "feature", "the steering action has its number", steering_has_its_number),
    Rule("E308", "feature", "the steering metric is known", steering_metric_is_known),
    Rule("E309", "feature", "the steering bound is in range", steering_bound_is_in_range),
    Rule("E310", "feature", "entities in steering exist", steering_entities_exist),
    Rule("E311", "feature", "steering has 100 test rows", steering_has_enough_rows),
)
