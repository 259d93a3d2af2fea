"""The page that lists architectures says what the tests run."""

from __future__ import annotations

import re

import pytest

from tests.models.tiny_architectures import REFUSED, SUPPORTED

FIRST_COLUMN = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def names_in(text: str, heading: str) -> list[str]:
    return FIRST_COLUMN.findall(text.split(f"\n## {heading}\n")[1].split("\n## ")[0])


@pytest.mark.parametrize(
    ("heading", "architectures"),
    [("Tested", SUPPORTED.values()), ("Refused", [one for one, _ in REFUSED.values()])],
)
def test_its_tables_name_the_tested_and_the_refused_families(heading, architectures, repository):
    text = (repository / "docs" / "architectures.md").read_text("utf-8")
    named = names_in(text, heading)
    assert len(set(named)) == len(named)
    assert set(named) == {one.class_name for one in architectures}
