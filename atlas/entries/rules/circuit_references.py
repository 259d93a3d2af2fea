"""Rules on what a circuit names: vocabulary terms, other entries, its own parts and ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atlas.entries.circuit import Circuit
from atlas.entries.problems import did_you_mean
from atlas.entries.rules.rule import Finding, Rule, Subject
from atlas.entries.rules.shared import unknown_term
from atlas.entries.text import quoted

Findings = Iterator[Finding]
CircuitSubject = Subject[Circuit]


def id_is_folder(subject: CircuitSubject) -> Findings:
    """The id is the name of the folder."""
    if subject.record.id != subject.entry_id:
        yield Finding(
            ("id",),
            f'"{subject.entry_id}", the name of its folder',
            quoted(subject.record.id),
            "rename one of them",
        )


def domain_is_known(subject: CircuitSubject) -> Findings:
    """The domain is a term of the vocabulary."""
    yield from unknown_term(subject, "domains", subject.record.domain, ("domain",))


def behaviour_is_known(subject: CircuitSubject) -> Findings:
    """The behaviour is a term of the vocabulary."""
    yield from unknown_term(subject, "behaviours", subject.record.behaviour, ("behaviour",))


def roles_are_known(subject: CircuitSubject) -> Findings:
    """Each part's role is a term of the vocabulary."""
    for number, part in enumerate(subject.record.parts):
        yield from unknown_term(subject, "roles", part.role, ("parts", number, "role"))


def metrics_are_known(subject: CircuitSubject) -> Findings:
    """Each claim's metric is a term of the vocabulary."""
    for number, claim in enumerate(subject.record.claims):
        yield from unknown_term(subject, "metrics", claim.metric, ("claims", number, "metric"))


def languages_are_the_models(subject: CircuitSubject) -> Findings:
    """The prompts are in languages of the model."""
    model = subject.known.model(subject.record.model)
    for number, language in enumerate(subject.record.languages if model else ()):
        if model and language not in model.languages:
            yield Finding(
                ("languages", number),
                f"a language of the model ({', '.join(model.languages)})",
                quoted(language),
                "correct the circuit, or the model's languages",
            )


def related_exist(subject: CircuitSubject) -> Findings:
    """Related circuits exist and are others."""
    circuits = subject.known.library.circuits
    for number, name in enumerate(subject.record.related):
        if name == subject.record.id:
            yield Finding(("related", number), "another circuit", "this one", "remove it")
        elif name not in circuits:
            action = f"name one that exists{did_you_mean(name, circuits)}"
            yield Finding(("related", number), "the id of a circuit", quoted(name), action)


def analogues_exist(subject: CircuitSubject) -> Findings:
    """Only a microworld circuit has analogues: circuits of public models, or resources."""
    library = subject.known.library
    own = subject.known.model(subject.record.model)
    for number, name in enumerate(subject.record.analogue_of):
        path = ("analogue_of", number)
        other = subject.known.circuit(name)
        model = subject.known.model(other.model) if other else None
        if own is not None and own.kind != "microworld":
            yield Finding(path, "no analogues for a public model", quoted(name), "use `related`")
        elif name not in library.circuits and name not in library.resources:
            near = did_you_mean(name, [*library.circuits, *library.resources])
            action = f"name one that exists{near}"
            yield Finding(path, "the id of a circuit or a resource", quoted(name), action)
        elif model is not None and model.kind == "microworld":
            yield Finding(
                path, "a circuit of a public model", f"one of {model.id}", "use `related`"
            )


def ids_are_unique(subject: CircuitSubject) -> Findings:
    """Parts, interventions and claims have ids of their own."""
    record = subject.record
    groups: tuple[tuple[str, list[str]], ...] = (
        ("parts", [part.id for part in record.parts]),
        ("interventions", [each.id for each in record.interventions]),
        ("claims", [claim.id for claim in record.claims]),
    )
    for name, ids in groups:
        for number, one in enumerate(ids):
            if one in ids[:number]:
                first = subject.document.place((name, ids.index(one), "id")).line
                found = f"{quoted(one)} again, first in line {first}"
                yield Finding((name, number, "id"), "an id of its own", found, "rename one")


def edges_join_parts(subject: CircuitSubject) -> Findings:
    """Both ends of an edge are parts, and two different ones."""
    parts = [part.id for part in subject.record.parts]
    for number, edge in enumerate(subject.record.edges):
        for end in ("source", "target"):
            yield from _unknown(getattr(edge, end), parts, "part", ("edges", number, end))
        if edge.source == edge.target:
            path = ("edges", number, "target")
            yield Finding(path, "an edge between two parts", "one part twice", "correct an end")


def steps_name_parts(subject: CircuitSubject) -> Findings:
    """Each step changes a part of the circuit."""
    parts = [part.id for part in subject.record.parts]
    for number, intervention in enumerate(subject.record.interventions):
        for place, step in enumerate(intervention.steps):
            path = ("interventions", number, "steps", place, "part")
            yield from _unknown(step.part, parts, "part", path)


def claims_name_interventions(subject: CircuitSubject) -> Findings:
    """Each claim runs an intervention of the circuit."""
    names = [each.id for each in subject.record.interventions]
    for number, claim in enumerate(subject.record.claims):
        path = ("claims", number, "intervention")
        yield from _unknown(claim.intervention, names, "intervention", path)


def dependencies_are_earlier_claims(subject: CircuitSubject) -> Findings:
    """A claim depends on claims that stand before it, so that none depends on itself."""
    ids = [claim.id for claim in subject.record.claims]
    for number, claim in enumerate(subject.record.claims):
        for place, name in enumerate(claim.depends_on):
            if name not in ids[:number]:
                where = "a later claim or itself" if name in ids else "no claim of this circuit"
                yield Finding(
                    ("claims", number, "depends_on", place),
                    "the id of a claim that stands before this one",
                    f"{quoted(name)}, {where}",
                    f"reorder or correct{did_you_mean(name, ids[:number])}",
                )


def _unknown(name: str, names: Sequence[str], kind: str, path: tuple[str | int, ...]) -> Findings:
    if name not in names:
        listed = ", ".join(names) or "none yet"
        yield Finding(
            path,
            f"the id of {'an' if kind[0] in 'aeiou' else 'a'} {kind} of this circuit",
            quoted(name),
            f"choose among {listed}{did_you_mean(name, names)}",
        )


RULES = (
    Rule("E201", "circuit", "the id is the name of the folder", id_is_folder),
    Rule("E202", "circuit", "the domain is a term of the vocabulary", domain_is_known),
    Rule("E203", "circuit", "the behaviour is a term of the vocabulary", behaviour_is_known),
    Rule("E204", "circuit", "each role is a term of the vocabulary", roles_are_known),
    Rule("E205", "circuit", "each metric is a term of the vocabulary", metrics_are_known),
    Rule("E206", "circuit", "languages are the model's", languages_are_the_models),
    Rule("E207", "circuit", "related circuits exist", related_exist),
    Rule("E208", "circuit", "analogues exist, and only for the microworld", analogues_exist),
    Rule("E209", "circuit", "ids within the circuit are unique", ids_are_unique),
    Rule("E210", "circuit", "edges join two parts", edges_join_parts),
    Rule("E211", "circuit", "steps name parts", steps_name_parts),
    Rule("E212", "circuit", "claims name interventions", claims_name_interventions),
    Rule("E213", "circuit", "dependencies are earlier claims", dependencies_are_earlier_claims),
)
