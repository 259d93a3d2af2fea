"""A circuit's interventions in words, and what each measured claim found, as one table."""

from __future__ import annotations

from atlas.entries.circuit import Circuit, Intervention, Step
from site_builder.html import Html, join, tag
from site_builder.numbers import count, fixed, listed, number, signed, spoken
from site_builder.pages.badges import verdict_badge
from site_builder.pages.claims import metric_name, verdict_word
from site_builder.records import CircuitRecord
from site_builder.tables import row, table


def interventions_section(record: CircuitRecord) -> Html:
    """Each intervention with its steps and the claims that it tests."""
    circuit = record.circuit
    if not circuit.interventions:
        return tag("p", {"class": "empty"}, "This entry has no interventions yet.")
    note = tag(
        "p",
        {"class": "section-note"},
        (
            "Each intervention changes only the named parts, in the real "
            "model, with attention and norms live."
        ),
    )
    return join([note, *(intervention_block(record, each) for each in circuit.interventions)])


def intervention_block(record: CircuitRecord, intervention: Intervention) -> Html:
    """One intervention."""
    steps = [tag("li", {}, step_in_words(record.circuit, step)) for step in intervention.steps]
    body: list[Html] = [
        tag("h3", {"dir": "auto"}, intervention.title),
        tag("ol", {}, *steps),
    ]
    if intervention.partner:
        differs = listed([spoken(name) for name in intervention.partner.differs_in])
        same = listed([spoken(name) for name in intervention.partner.same])
        words = f"Each prompt is paired with another test prompt that differs in {differs}"
        words += f" and has the same {same}." if same else "."
        body.append(tag("p", {}, words))
    if intervention.generate:
        words = (
            "The model then continues greedily for "
            f"{count(intervention.generate, 'token')} with the change in "
            "place."
        )
        body.append(tag("p", {}, words))
    body.append(claims_table(record, intervention))
    return tag("div", {"class": "intervention", "id": f"intervention-{intervention.id}"}, *body)


def step_in_words(circuit: Circuit, step: Step) -> Html:
    """What a step does to which part."""
    known = {part.id: part.label for part in circuit.parts}
    name = tag("a", {"href": f"#part-{step.part}", "dir": "auto"}, known.get(step.part, step.part))
    factor = step.factor if step.factor is not None else 1.0
    times = "" if factor == 1.0 else f", times {number(factor)}"
    value = number(step.value) if step.value is not None else "its value"
    if step.action == "ablate":
        return join(["Switch off ", name])
    if step.action == "scale":
        return join(["Multiply ", name, f" by {number(factor)}"])
    if step.action == "set":
        return join(["Set ", name, f" to {value}"])
    if step.action == "add":
        return join(["Add ", value, " to ", name])
    return join(["Write the partner prompt's activations of ", name, times])


def claims_table(record: CircuitRecord, intervention: Intervention) -> Html:
    """Before, after and control of every claim on this intervention."""
    claims = [claim for claim in record.circuit.claims if claim.intervention == intervention.id]
    if not claims:
        return tag("p", {"class": "empty"}, "No claim rests on it.")
    rows = []
    for claim in claims:
        measured = record.measurements.get(claim.id)
        name = tag("a", {"href": f"#claim-{claim.id}"}, metric_name(claim.metric, claim.of))
        cells: list[object] = ["–", "–", "–", "–"]
        if measured:
            control = signed(measured.control.median) if measured.control else "–"
            cells = [fixed(measured.before), fixed(measured.after), signed(measured.value), control]
        badge = verdict_badge(verdict_word(record.verdicts[claim.id]))
        rows.append(row(name, *cells, badge, numeric={1, 2, 3, 4}))
    titles = ("Measured", "Before", "After", "Effect", "Control median", "Verdict")
    return table(titles, rows, {1, 2, 3, 4})
