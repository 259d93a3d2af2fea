"""Rules on a circuit's prompts: rows that are distinct, split, and comparable."""

from __future__ import annotations

from collections.abc import Iterator

from atlas.entries.circuit import Circuit
from atlas.entries.problems import did_you_mean
from atlas.entries.rules.rule import Finding, Row, Rule, Subject
from atlas.entries.text import quoted

Findings = Iterator[Finding]
CircuitSubject = Subject[Circuit]

# The engine prepends the beginning-of-sequence token; a text that has one would have two.
BEGINNINGS = ("<bos>", "<s>", "<|endoftext|>", "<|begin_of_text|>", "<|im_start|>", "[CLS]")


def row_ids_are_unique(subject: CircuitSubject) -> Findings:
    """No two rows share an id."""
    first: dict[str, Row] = {}
    for row in subject.rows:
        before = first.setdefault(row.record.id, row)
        if before is not row:
            found = f"{quoted(row.record.id)} again, first in line {before.line.line}"
            yield Finding(("id",), "an id of its own", found, "rename one", row=row.line)


def splits_are_disjoint(subject: CircuitSubject) -> Findings:
    """No text is both discovery and test."""
    discovery = {row.record.text: row for row in subject.rows if row.record.split == "discovery"}
    for row in subject.rows:
        if row.record.split == "test" and row.record.text in discovery:
            line = discovery[row.record.text].line.line
            yield Finding(
                ("text",),
                "a text that no discovery row has",
                f"the text of line {line}",
                "remove one of the rows",
                row=row.line,
            )


def texts_are_distinct(subject: CircuitSubject) -> Findings:
    """No text stands twice in one split: a repeated row would count as more evidence."""
    first: dict[tuple[str, str], Row] = {}
    for row in subject.rows:
        before = first.setdefault((row.record.split, row.record.text), row)
        if before is not row:
            found = f"the text of line {before.line.line}"
            yield Finding(("text",), "a text of its own", found, "remove a row", row=row.line)


def target_is_not_foil(subject: CircuitSubject) -> Findings:
    """The right and the wrong answer differ."""
    for row in subject.rows:
        if row.record.target == row.record.foil:
            found = f"{quoted(row.record.target)} for both"
            action = "name a plausible wrong token"
            yield Finding(("foil",), "another token than the target", found, action, row=row.line)


def texts_have_no_beginning_token(subject: CircuitSubject) -> Findings:
    """The text does not begin with a beginning-of-sequence token."""
    for row in subject.rows:
        begun = [token for token in BEGINNINGS if row.record.text.startswith(token)]
        if begun:
            yield Finding(
                ("text",),
                "a text without the beginning-of-sequence token",
                quoted(begun[0]),
                "remove it; it is added when the prompt is run",
                row=row.line,
            )


def graph_is_a_discovery_row(subject: CircuitSubject) -> Findings:
    """The graph that is drawn belongs to a discovery row."""
    name = subject.record.prompts.graph
    splits = {row.record.id: row.record.split for row in subject.rows}
    if name and subject.rows_readable and splits.get(name) != "discovery":
        candidates = [row for row, split in splits.items() if split == "discovery"]
        kind = "a test row" if name in splits else "no row"
        yield Finding(
            ("prompts", "graph"),
            "the id of a discovery row",
            f"{quoted(name)}, {kind}",
            f"choose a discovery row{did_you_mean(name, candidates)}",
        )


RULES = (
    Rule("E251", "circuit", "row ids are unique", row_ids_are_unique),
    Rule("E252", "circuit", "discovery and test texts are disjoint", splits_are_disjoint),
    Rule("E253", "circuit", "texts are distinct", texts_are_distinct),
    Rule("E254", "circuit", "target and foil differ", target_is_not_foil),
    Rule("E255", "circuit", "texts have no beginning token", texts_have_no_beginning_token),
    Rule("E256", "circuit", "the graph is a discovery row's", graph_is_a_discovery_row),
)
