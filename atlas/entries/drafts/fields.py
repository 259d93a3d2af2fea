"""What a contributor is asked for a new circuit or feature, on the command line and in a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["circuit", "feature"]
ROW = "row"  # a path that begins so leads into the first row of prompts.jsonl


@dataclass(frozen=True)
class Field:
    """One question, and where its answer goes."""

    name: str
    label: str  # also the heading in an issue, so it must not change
    explains: str
    path: tuple[str, ...]  # in the entry; for a list of mappings, of its first item
    required: bool = True
    choices: str = ""  # a vocabulary, `models` or `licences`
    long: bool = False  # may have several lines


_CREDIT = (
    Field(
        "source",
        "Source",
        "The id of the paper or tool that it draws on: a file under resources/.",
        ("sources", "resource"),
        required=False,
    ),
    Field(
        "where",
        "Where in the source",
        "Section, figure or page.",
        ("sources", "where"),
        required=False,
    ),
    Field("name", "Your name", "As it should be cited.", ("curators", "name")),
    Field(
        "handle",
        "Your account name",
        "On the code host, without @. Empty: added later; of an issue, whoever opens it.",
        ("curators", "handle"),
        required=False,
    ),
    Field("orcid", "Your ORCID", "Such as 0000-0002-1825-0097.", ("curators", "orcid"), False),
    Field(
        "licence",
        "Licence",
        "Of all texts that you contribute.",
        ("licence",),
        choices="licences",
    ),
)

CIRCUIT_FIELDS = (
    Field("id", "Circuit id", "Lower-case words joined by hyphens; never changes.", ("id",)),
    Field("title", "Title", "What it is about, in a few words.", ("title",)),
    Field(
        "summary",
        "Summary",
        "What the circuit does and how it is known, in at least 50 characters.",
        ("summary",),
        long=True,
    ),
    Field(
        "story",
        "Story",
        "How to read the circuit, in Markdown: which part does what, and how that is known.",
        ("story",),
        required=False,
        long=True,
    ),
    Field("model", "Model", "Another model needs a file under models/ first.", ("model",), True,
          "models"),
    Field(
        "dictionary",
        "Dictionary",
        "Whose features the circuit is made of; empty: the model's first.",
        ("dictionary",),
        required=False,
    ),
    Field("domain", "Domain", "What kind of ability it serves.", ("domain",), True, "domains"),
    Field(
        "behaviour",
        "Behaviour",
        "A new one needs a term in vocabulary/behaviours.yaml first.",
        ("behaviour",),
        choices="behaviours",
    ),
    Field(
        "languages",
        "Languages",
        "Codes of the prompts' languages, such as en, fr; empty: en.",
        ("languages",),
        required=False,
    ),
    Field("prompt", "Prompt", "One on which the circuit acts.", (ROW, "text"), False, long=True),
    Field("answer", "Answer", "The next token that it should give.", (ROW, "target"), False),
    Field("foil", "Wrong answer", "A plausible wrong token.", (ROW, "foil"), False),
    *_CREDIT,
)  # fmt: skip

FEATURE_FIELDS = (
    Field("model", "Model", "Another model needs a file under models/ first.", ("model",), True,
          "models"),
    Field("dictionary", "Dictionary", "A dictionary of that model.", ("dictionary",)),
    Field("layer", "Layer", "From 0.", ("layer",)),
    Field("index", "Index", "The feature's number in its layer, from 0.", ("index",)),
    Field("label", "Label", "What it stands for, in a few words.", ("label",)),
    Field(
        "description",
        "Description",
        "What is known of it and how, counter-examples included.",
        ("description",),
        long=True,
    ),
    *_CREDIT,
)  # fmt: skip

FIELDS: dict[Kind, tuple[Field, ...]] = {"circuit": CIRCUIT_FIELDS, "feature": FEATURE_FIELDS}


def field_of(fields: Sequence[Field], name: str) -> Field:
    """The field of that name; KeyError if there is none."""
    return {field.name: field for field in fields}[name]
