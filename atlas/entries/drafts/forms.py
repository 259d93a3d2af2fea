"""Issue forms of the repository host: written from the fields, and read back from an issue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from atlas.entries.drafts.answers import Answers, choices, property_schema
from atlas.entries.drafts.fields import FIELDS, Field, Kind
from atlas.entries.library import Library
from atlas.entries.schema_validation import load_schema
from atlas.entries.text import printable, quoted
from atlas.errors import BadInput

NO_ANSWER = "_No response_"  # what the host writes for a field that was left empty
MOST_CHARACTERS = 70_000  # the host's own limit for an issue is 65,536
LABELS: dict[Kind, str] = {"circuit": "new circuit", "feature": "new feature"}
_TITLES: dict[Kind, str] = {"circuit": "A new circuit", "feature": "A new feature"}
_PROMISE = (
    "Your answers become a draft entry in a pull request. What is wrong with one is said in a "
    "comment here; edit this issue and it is tried again."
)

DRIFT_FIELDS = (
    Field("entry", "Entry", "Its id, or the address of its page.", ()),
    Field("measurement", "Measurement", "Which number left its tolerance.", ()),
    Field("found", "What you got", "The value, and how often you ran it.", ()),
    Field(
        "machine",
        "Where",
        "What `atlas doctor` prints, and what you ran.",
        (),
        long=True,
    ),
)
CORRECTION_FIELDS = (
    Field("entry", "Entry", "Its id, or the address of its page.", ()),
    Field("field", "Field", "What of it is wrong.", (), choices="properties"),
    Field("says", "What it says", "As it stands there now.", (), long=True),
    Field("should", "What it should say", "And how you know: page, figure, run.", (), long=True),
)


def issue_forms(library: Library) -> dict[str, str]:
    """The text of each form by its file name, as .github/ISSUE_TEMPLATE holds them."""
    forms = {f"new-{kind}.yml": _new_entry_form(library, kind) for kind in FIELDS}
    forms["report-drift.yml"] = _form(
        ("A claim no longer reproduces", "You ran an entry and got another number.", "drift"),
        "The nightly run looks for this too; what it cannot see is your machine.",
        [_element(field, []) for field in DRIFT_FIELDS],
    )
    properties = sorted(_properties("circuit") | _properties("feature"))
    forms["correct-entry.yml"] = _form(
        ("An entry is wrong", "A text, a number, a source, a label.", "correction"),
        "A curator of the entry is asked. You can also edit its file: the page has a link.",
        [_element(one, properties if one.choices else []) for one in CORRECTION_FIELDS],
    )
    return forms


def _properties(kind: str) -> set[str]:
    return set(load_schema(kind)["properties"])


def _new_entry_form(library: Library, kind: Kind) -> str:
    head = (_TITLES[kind], f"Answers to a few questions; becomes a draft {kind}.", LABELS[kind])
    elements = []
    for field in FIELDS[kind]:
        element = _element(field, list(choices(library, field)))
        limit = property_schema(kind, field).get("maxLength")
        if limit and not field.choices:
            element["attributes"]["description"] += f" At most {limit:,} characters."
        elements.append(element)
    return _form(head, _PROMISE, elements)


def _form(head: tuple[str, str, str], promise: str, elements: Sequence[Mapping[str, Any]]) -> str:
    name, description, label = head
    form = {
        "name": name,
        "description": description,
        "labels": [label],
        "body": [{"type": "markdown", "attributes": {"value": promise}}, *elements],
    }
    note = "# Written by `atlas issue-forms` from the schemas and vocabularies; do not edit.\n"
    return note + yaml.safe_dump(form, sort_keys=False, allow_unicode=True, width=100)


def _element(field: Field, listed: Sequence[str]) -> dict[str, Any]:
    kind = "dropdown" if listed else "textarea" if field.long else "input"
    attributes: dict[str, Any] = {"label": field.label, "description": field.explains}
    if listed:
        attributes["options"] = list(listed)
    return {
        "type": kind,
        "id": field.name,
        "attributes": attributes,
        "validations": {"required": field.required},
    }


def read_form(body: str) -> tuple[Kind, Answers]:
    """The kind of entry that an issue asks for, and the answers in it.

    Raises BadInput for a text that was not made by one of the forms, such as one with a heading
    of the form twice, and for a question that must be answered and was not.
    """
    if len(body) > MOST_CHARACTERS:
        expected = f"at most {MOST_CHARACTERS:,} characters"
        raise BadInput("issue", expected, f"{len(body):,}", "shorten the answers")
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kind: Kind = "circuit" if "### Circuit id" in map(str.rstrip, lines) else "feature"
    sections = _sections(lines, {field.label for field in FIELDS[kind]})
    answers = {}
    for field in FIELDS[kind]:
        if field.label not in sections:
            expected, found = f"the heading {quoted(field.label)}", "no such heading"
            raise BadInput("issue", expected, found, "open a new issue with the form")
        answer = sections[field.label]
        answers[field.name] = "" if answer == NO_ANSWER else answer
        if field.required and not answers[field.name]:
            raise BadInput(field.label, "an answer", "none", "edit the issue and fill it in")
    return kind, answers


def _sections(lines: Sequence[str], labels: set[str]) -> dict[str, str]:
    """What stands under each heading that is a label of the form."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []  # what stands before the first heading is nobody's
    for line in lines:
        label = line.removeprefix("### ").rstrip() if line.startswith("### ") else ""
        if label not in labels:
            current.append(line)
            continue
        if label in sections:
            found = f"{quoted(label)} twice"
            action = "write that line of an answer otherwise"
            raise BadInput("issue", "each heading of the form once", printable(found), action)
        current = sections[label] = []
    return {label: "\n".join(words).strip() for label, words in sections.items()}
