"""The one table of all codes: what a problem's code stands for."""

from __future__ import annotations

from atlas.entries.problems import Severity
from atlas.entries.rules import (
    circuit_attention,
    circuit_claims,
    circuit_parts,
    circuit_references,
    feature_rules,
    model_rules,
    prompt_rules,
    resource_rules,
    shared,
)
from atlas.entries.rules.rule import Rule
from atlas.entries.schema_validation import CODES as SCHEMA_CODES

READING_CODES = {
    "E001": "the file can be read, as text in UTF-8",
    "E002": "no byte order mark",
    "E003": "valid YAML",
    "E004": "no tabs for indentation",
    "E005": "each key once",
    "E006": "no anchors and aliases",
    "E007": "no tags",
    "E008": "a file of bounded size",
    "E009": "bounded nesting",
    "E010": "finite numbers",
    "E011": "one document per file",
    "E012": "a mapping of keys and values",
    "E013": "words as keys",
    "E014": "one JSON object per line of prompts",
}
"""What the readers demand of a file before anything else is looked at."""

FILE_CODES = {
    "E120": "no control, bidirectional or invisible characters",
    "E121": "the first line names the schema, for editors",
    "E122": "every file lies where an entry belongs",
    "E132": "a circuit and a resource do not share an id",
    "E133": "claims and interventions do not choose how they are run",
    "E134": "the file of prompts exists",
    "E136": "the file has the form that check --fix writes",
    "E704": "every id that was ever used leads somewhere",
    "E139": "the file has the current version of its format, not the one before",
}
"""What is demanded of files as wholes; `atlas.entries.checks` looks at these."""

FILE_SEVERITIES: dict[str, Severity] = {"E121": "warning", "E136": "warning", "E139": "warning"}
"""Codes of files that are no errors: such a file reads right and only looks wrong."""

RULES: tuple[Rule, ...] = (
    *shared.RULES,
    *circuit_references.RULES,
    *circuit_parts.RULES,
    *circuit_attention.RULES,
    *circuit_claims.RULES,
    *prompt_rules.RULES,
    *feature_rules.RULES,
    *model_rules.RULES,
    *resource_rules.RULES,
)
"""Every rule over entries, in the order in which they are asked."""


def all_codes() -> dict[str, str]:
    """Every code that a problem can have, with what it demands or complains of."""
    return {
        **READING_CODES,
        **SCHEMA_CODES,
        **FILE_CODES,
        **{rule.code: rule.demands for rule in RULES},
    }


REPAIRABLE = ("E002", "E121", "E136", "E139")
"""What `atlas check --fix` puts right, because no value changes by it."""

_SEVERITIES: dict[str, Severity] = {
    **FILE_SEVERITIES,
    **{rule.code: rule.severity for rule in RULES},
}


def severity_of(code: str) -> Severity:
    """How much a problem of this code weighs; what a reader or a schema refuses is an error."""
    return _SEVERITIES.get(code, "error")
