"""What the decoys do not show: drafts, chosen paths, hostile names, and the time it takes."""

import shutil
import time
from collections.abc import Callable

import pytest

from atlas.entries.checks import check
from atlas.entries.library import Library
from atlas.entries.rules.shared import orcid_check_digit
from atlas.errors import BadInput
from tests.entries import sample_library
from tests.entries.sample_library import write_library


@pytest.fixture
def root(tmp_path):
    return write_library(tmp_path / "library")


def codes(root, *paths):
    return [problem.code for problem in check(Library.open(root), paths).problems]


def edit(root, name, old, new):
    path = root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


CIRCUIT = "circuits/from-city-to-capital/circuit.yaml"


def test_a_draft_may_be_incomplete(root):
    assert codes(root, root / "circuits/another-circuit") == []


def test_only_the_named_entries_are_reported(root):
    edit(root, "models/small.yaml", "id: small", "id: smaller")
    assert codes(root, root / CIRCUIT) == []
    assert codes(root, root / "models") == ["E401"]


def test_a_path_to_the_prompts_stands_for_the_circuit(root):
    edit(root, CIRCUIT, "role: output", "role: nothing")
    assert codes(root, root / "circuits/from-city-to-capital/prompts.jsonl") == ["E204"]


@pytest.mark.parametrize("place", ["docs/linked.md", "circuits/from-city-to-capital/more.jsonl"])
def test_a_link_is_reported_and_nothing_behind_it(root, tmp_path, place):
    (tmp_path / "secret").write_text("secret\n")
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).symlink_to(tmp_path / "secret")
    (found,) = check(Library.open(root)).problems
    assert (found.code, found.file) == ("E122", place)
    assert "not a link" in str(found)


def test_a_path_without_entries_is_refused(root):
    with pytest.raises(BadInput, match="no entry there"):
        check(Library.open(root), [root / "notebooks"])


def test_a_broken_model_is_reported_once_at_its_own_place(root):
    edit(root, "models/small.yaml", "layers: 4", "layers: four")
    found = check(Library.open(root)).problems
    assert [problem.file for problem in found] == ["models/small.yaml"]


def test_an_empty_prompts_file_is_told_from_a_missing_one(root):
    path = root / "circuits/from-city-to-capital/prompts.jsonl"
    path.write_text("")
    assert "E241" in codes(root, root / CIRCUIT)
    path.unlink()
    assert codes(root, root / CIRCUIT) == ["E134"]


@pytest.mark.parametrize("path", ["n" * 300, "../../elsewhere", "/elsewhere", "..", "a/../b"])
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (CIRCUIT, "prompts.jsonl", "{}.jsonl"),
        (CIRCUIT, "notebook: {name: ", "notebook: {{name: {}"),
        ("models/small.yaml", "folder: weights", "folder: {}"),
    ],
)
def test_a_path_that_leaves_its_folder_or_cannot_be_is_refused(root, name, old, new, path):
    edit(root, name, old, new.format(path))
    assert set(codes(root, root / name)) in ({"E105"}, {"E107"})


def test_hostile_text_is_found_in_keys_texts_and_prompts(root):
    edit(root, CIRCUIT, "label: the state", 'label: "the \\u202estate"')
    edit(root, CIRCUIT, "Georgia: []", '"Georgia\\e": []')
    rows = root / "circuits/from-city-to-capital/prompts.jsonl"
    rows.write_text(rows.read_text().replace("Fact 7:", "Fact \u2066 7:"))
    found = check(Library.open(root)).problems
    fields = [(one.field, one.line) for one in found if one.code == "E120"]
    assert fields == [("parts[0].label", 24), ("parts[0].features.Georgia\x1b", 29), ("text", 8)]
    assert all("\x1b" not in str(one) and "\u202e" not in str(one) for one in found)


def test_a_direction_is_refused_where_no_effect_is_claimed(root):
    edit(root, CIRCUIT, "    of: foil\n", "    of: foil\n    direction: increase\n")
    (problem,) = check(Library.open(root)).problems
    assert (problem.code, problem.field) == ("E236", "claims[2].direction")


def test_demonstrations_alone_do_not_make_an_active_circuit(root):
    text = (root / CIRCUIT).read_text()
    start, end = text.index("claims:\n"), text.index("notebook:")
    claim = (
        text[start:end]
        .split("  - id: swap-moves")[0]
        .replace("kind: effect", "kind: demonstration")
    )
    (root / CIRCUIT).write_text(text[:start] + claim + text[end:])
    assert codes(root) == ["E240"]


def test_an_unreadable_vocabulary_silences_the_rules_that_need_it(root):
    (root / "vocabulary/roles.yaml").write_text("terms: [")
    assert codes(root) == ["E003"]


def fastest(work: Callable[[], object]) -> float:
    """CPU seconds of the quickest of three runs."""
    seconds = []
    for _ in range(3):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def ten_million_steps() -> int:
    total = 0
    for step in range(10_000_000):
        total += step
    return total


def test_many_entries_are_checked_in_little_time(root):
    """2,000 entries in 5 CPU seconds; here a tenth of them, a fifth of these being circuits."""
    source = root / "circuits/from-city-to-capital"
    for number in range(40):
        folder = root / f"circuits/copy-{number}"
        shutil.copytree(source, folder)
        edit(
            root,
            f"circuits/copy-{number}/circuit.yaml",
            "id: from-city-to-capital",
            f"id: copy-{number}",
        )
    edit(root, "models/small.yaml", "features: 64", "features: 2000")
    for number in range(160):
        text = sample_library.FEATURE.replace("layer: 1", "layer: 2")
        text = text.replace("index: 10", f"index: {number}")
        (root / f"features/small/transcoders/2-{number}.yaml").write_text(text)
    assert codes(root) == []
    # A quiet core takes about half a second for the loop, which is a tenth of the budget, and a
    # busy machine slows both alike. Twice that, because two threads on one core do not quite.
    assert fastest(lambda: codes(root)) < 2 * fastest(ten_million_steps)


def test_the_check_digit_of_an_orcid_can_be_the_letter_x():
    assert orcid_check_digit("0000-0002-9079-593X") == "X"
    assert orcid_check_digit("0000-0002-1825-0097") == "7"
