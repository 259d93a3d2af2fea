"""A circuit in weights that were trained again: where its claims hold, and where they do not."""

from __future__ import annotations

from atlas.entries.circuit import Circuit, Claim
from atlas.entries.evidence import Verdict
from atlas.entries.retrained import Retraining, holdings
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import listed, signed, spoken
from site_builder.records import CircuitRecord
from site_builder.tables import row, table


def retrained_words(record: CircuitRecord) -> dict[str, str]:
    """Per claim, in how many retrainings it is supported; empty where nothing was trained again."""
    found = holdings(record.circuit, record.retrained)
    return {
        claim: f"supported in {listed([each.words for each in many])}"
        for claim, many in found.items()
        if many
    }


def retrained_section(record: CircuitRecord) -> Html:
    """A row for each retraining: how many of the parts' groups were found, then every claim."""
    circuit = record.circuit
    judged = [claim for claim in circuit.claims if claim.kind != "demonstration"]
    note = tag(
        "p",
        {"class": "section-note"},
        "The claims, in their order on this page, in weights that were trained again, with the "
        "parts found again there. No evidence for the verdicts: it says how far they reach.",
    )
    rows = [retraining_row(circuit, judged, each) for each in record.retrained]
    titles = ["Trained again", "Groups found", *(f"Claim {at + 1}" for at in range(len(judged)))]
    return join([note, table(titles, rows)])


def retraining_row(circuit: Circuit, judged: list[Claim], retraining: Retraining) -> Html:
    """One retraining."""
    seed = f"seed {retraining.seed}" if retraining.seed else "the same seed on another machine"
    name = f"{retraining.varied}, {seed}"
    if not retraining.measurements:
        why = foreign(retraining.unmeasured or "not measured")
        found = tag("td", {}, retraining.groups_found)
        return tag("tr", {}, tag("td", {}, name), found, tag("td", {"colspan": len(judged)}, why))
    verdicts = retraining.verdicts(circuit)
    cells = [claim_cell(each, retraining, verdicts[each.id]) for each in judged]
    return row(name, retraining.groups_found, *cells)


def claim_cell(claim: Claim, retraining: Retraining, verdict: Verdict) -> Html:
    """What a claim came to: a word and the effect."""
    measured = retraining.measurements.get(claim.id)
    if measured is None:
        return Html("not measured")
    return join([spoken(verdict.word), f", {signed(measured.value)}"])
