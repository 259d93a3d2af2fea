"""Where a circuit's heads look, and which pairs of sources make them look there."""

from __future__ import annotations

from atlas.entries.circuit import AttentionView
from atlas.graphs.attention_json import read_score_values
from atlas.graphs.attention_score import AttentionScore
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import fixed, signed
from site_builder.pages.parts import place_in_words
from site_builder.pictures.pair_heat import pair_heat, source_name
from site_builder.records import CircuitRecord
from site_builder.tables import row, table


def attention_section(record: CircuitRecord) -> Html:
    """Every head that the entry names, with what was measured of it."""
    note = tag(
        "p",
        {"class": "section-note"},
        "A graph holds attention fixed. Here the score of one query and one key, before the "
        "softmax, is split over pairs of sources on the drawn prompt: what reaches the place that "
        "looks (rows) with what reaches the place that is looked at (columns). All cells add up to "
        "the score; constants are among them. This is never evidence.",
    )
    scores = measured_scores(record)
    views = record.circuit.attention
    return join([note, *(view_block(view, scores.get(at)) for at, view in enumerate(views))])


def measured_scores(record: CircuitRecord) -> dict[int, AttentionScore]:
    """The accepted scores by the place of their view; none of a head that the entry changed."""
    scores = {}
    found = record.result.get("attention", ())
    where = f"circuits/{record.circuit.id}: attention"
    for at, (view, values) in enumerate(zip(record.circuit.attention, found, strict=False)):
        score = read_score_values(values, where)
        if (score.place.layer, score.place.head) == (view.head.layer, view.head.head):
            scores[at] = score
    return scores


def view_block(view: AttentionView, score: AttentionScore | None) -> Html:
    """One head."""
    facts: list[object] = ["head ", tag("span", {"class": "mono"}, str(view.head)), " · from "]
    facts += [place_in_words(view.query), " to ", place_in_words(view.key)]
    if view.foil is not None:
        facts += [" rather than ", place_in_words(view.foil)]
    body: list[Html] = [
        tag("h3", {"dir": "auto"}, view.label),
        tag("p", {"class": "part-facts"}, *facts),
    ]
    if score is None:
        body.append(tag("p", {"class": "empty"}, "Not measured yet."))
    else:
        body += [keys_table(score), pair_heat(score), pairs_table(score)]
    if view.found_by:
        body.append(tag("p", {"class": "found-by"}, "Found by: ", foreign(view.found_by)))
    return tag("div", {"class": "attention-view"}, *body)


def keys_table(score: AttentionScore) -> Html:
    """What the model makes of the key, and of the foil if there is one."""
    rows = [
        row(token(score, key.position), signed(key.score), fixed(key.weight, 3), numeric={1, 2})
        for key in score.keys
    ]
    caption: list[object] = ["From ", token(score, score.place.query), "."]
    if len(rows) > 1:
        rows.append(row("difference, split below", signed(score.score), "", numeric={1, 2}))
    return table(("Looks at", "Score", "Attention"), rows, {1, 2}, join(caption))


def pairs_table(score: AttentionScore) -> Html:
    """The strongest pairs over all sources."""
    pairs = score.strongest
    rows = [
        row(
            foreign(source_name(score, int(query))),
            foreign(source_name(score, int(key))),
            signed(float(value), 3),
            numeric={2},
        )
        for query, key, value in zip(pairs.query, pairs.key, pairs.value, strict=True)
    ]
    shown = table(("At the query", "At the key", "Adds to the score"), rows, {2})
    return tag("details", {}, tag("summary", {}, "The strongest pairs as a table"), shown)


def token(score: AttentionScore, position: int) -> Html:
    """A token of the drawn prompt with its position."""
    return join([foreign(score.tokens[position]), f" (token {position})"])
