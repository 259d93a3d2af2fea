"""A part is added to a draft without touching anything else in it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from atlas.entries.checks import check
from atlas.entries.drafts.add_part import ProposedPart, with_part
from atlas.entries.drafts.writing import circuit_files
from atlas.entries.ids import LayerFeature
from atlas.entries.library import Library
from atlas.entries.position import Position
from atlas.errors import BadInput
from tests.entries.sample_library import write_library

PART = ProposedPart(
    id="state",
    label='The state, or "home"',
    role="intermediate",
    position=Position("entity", entity="city"),
    keyed_by="state",
    found_by="By firing: F1 of 0.8.",
    features={"Texas": [LayerFeature(1, 10), LayerFeature(2, 3)], "Georgia": []},
    figures={"Texas": "F1 1.00, effect 2.00", "Georgia": "none found"},
)
WRITTEN = {
    "id": "state",
    "label": 'The state, or "home"',
    "role": "intermediate",
    "position": {"entity": "city"},
    "keyed_by": "state",
    "found_by": "By firing: F1 of 0.8.",
    "features": {"Texas": ["1-10", "2-3"], "Georgia": []},
}


def draft(root):
    """A fresh draft as `atlas new` writes it, with two rows."""
    answers = {"id": "a-draft", "model": "small", "dictionary": "transcoders", "domain": "safety",
               "behaviour": "antonym", "prompt": "Dallas is in", "answer": " Texas"}  # fmt: skip
    folder = root / "circuits" / "a-draft"
    folder.mkdir(parents=True)
    for name, text in circuit_files(answers, "2026-11-22").items():
        (folder / name).write_text(text, encoding="utf-8")
    row = json.loads((folder / "prompts.jsonl").read_text())
    texas = {**row, "entities": {"city": "Dallas", "state": "Texas"}}
    georgia = {**row, "id": "second", "text": "Atlanta is in", "target": " Georgia",
               "entities": {"city": "Atlanta", "state": "Georgia"}}  # fmt: skip
    lines = "".join(json.dumps(each) + "\n" for each in (texas, georgia))
    (folder / "prompts.jsonl").write_text(lines)
    return folder / "circuit.yaml"


def test_a_draft_with_a_part_passes_the_check(tmp_path):
    root = write_library(tmp_path / "library")
    path = draft(root)
    assert check(Library.open(root), [path]).errors == ()
    before = path.read_text()
    path.write_text(with_part(before, PART, "x"))
    assert check(Library.open(root), [path]).errors == ()
    assert yaml.safe_load(path.read_text())["parts"] == [WRITTEN]
    kept = [line for line in before.splitlines() if line != "parts: []"]
    assert [line for line in path.read_text().splitlines() if line in kept] == kept


def test_another_part_comes_after_the_last_one():
    text = 'id: a\nparts:  # all\n- id: one  # first\n  heads: ["0.1"]\n\n# then\nedges: []\n'
    after = with_part(text, PART, "x")
    parts = yaml.safe_load(after)["parts"]
    assert [part["id"] for part in parts] == ["one", "state"]
    assert after.index("# first") < after.index("state") < after.index("# then")
    third = yaml.safe_load(with_part(after, replace(PART, id="third"), "x"))["parts"]
    assert [part["id"] for part in third] == ["one", "state", "third"]


@pytest.mark.parametrize("text", ["id: a\nedges: []\n", "id: a\nparts:\n", "id: a\nparts: [ ]\n"])
@pytest.mark.parametrize("position", [Position("last"), Position("index", index=-2)])
def test_the_first_part_of_a_file(text, position):
    found = yaml.safe_load(with_part(text, replace(PART, position=position), "x"))
    expected = "last" if position.kind == "last" else {"index": -2}
    assert found["parts"] == [WRITTEN | {"position": expected}]


def test_a_list_on_one_line_is_left_alone():
    with pytest.raises(BadInput, match="one below the other"):
        with_part("parts: [{id: one}]\n", PART, "x")
