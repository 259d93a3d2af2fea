"""Shards hold what the dashboards say, in as little as pages need."""

import gzip
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.dashboards.label_files import NOT_SCORED, STEPS
from atlas.dashboards.shard_arrays import MAGIC, ArrayFile, smallest
from atlas.dashboards.shards import SIGNED_STEPS, VALUE_STEPS, shards
from atlas.errors import UnknownFormat
from tests.dashboards.planted_table import SILENT, planted_table

FEATURES, SIZE = 23, 10
TABLE, CONTEXT = planted_table(2, FEATURES)
FILES = dict(shards(TABLE, CONTEXT, SIZE))


def running(sizes) -> list[int]:
    return [0, *itertools.accumulate(sizes.tolist())]


def examples_in(file: ArrayFile, row: int, group: int) -> list[tuple]:
    """As a reader finds them: sequence, tokens, activations, peak."""
    a, strings = file.arrays, file.header["strings"]
    values = running(a["example_values"])
    found = []
    for each in range(a["example_starts"][row], a["example_starts"][row + 1]):
        if a["example_group"][each] != group:
            continue
        start, length = int(a["example_text"][each]), int(a["example_length"][each])
        shown = [0.0] * length
        for at in range(values[each], values[each + 1]):
            shown[a["value_offset"][at]] = a["value"][at] / VALUE_STEPS * a["maximum"][row]
        tokens = tuple(strings[token] for token in a["text"][start : start + length])
        peak = int(a["example_peak"][each])
        found.append((int(a["example_sequence"][each]), tokens, shown, peak))
    return found


def test_every_feature_is_in_one_shard():
    assert list(FILES) == [0, 10, 20]
    assert [file.header["features"] for file in FILES.values()] == [10, 10, 3]


@pytest.mark.parametrize("number", range(FEATURES))
def test_a_shard_says_what_the_dashboard_says(number):
    expected = TABLE.dashboard(number, CONTEXT)
    file = FILES[number - number % SIZE]
    row, a = number % SIZE, file.arrays
    assert a["active"][row] == expected.density.active
    assert file.header["tokens"] == expected.density.tokens
    counts = a["histogram"].reshape(-1, file.header["bins"])[row]
    assert tuple(counts) == (expected.histogram.counts or (0,) * 10)
    groups = [expected.top, *([] for _ in range(4))]
    for band in expected.bands:
        place = round(band.from_share * 4)
        groups[place + 1] = band.examples
        assert a["band_count"].reshape(-1, 4)[row, place] == band.count
        assert a["band_lowest"].reshape(-1, 4)[row, place] == pytest.approx(band.lowest, abs=1e-4)
    for group, examples in enumerate(groups):
        found = examples_in(file, row, group)
        assert [each[:2] for each in found] == [(e.sequence, e.tokens) for e in examples]
        assert [each[3] for each in found] == [e.peak for e in examples]
        for each, example in zip(found, examples, strict=True):
            assert each[2] == pytest.approx(example.activations, abs=2e-4)
    tokens = a["promoted_token"].reshape(-1, 5)[row]
    logits = a["promoted_logit"].reshape(-1, 5)[row] / SIGNED_STEPS * a["promoted_scale"][row]
    assert [file.header["strings"][t] for t in tokens] == [e.token for e in expected.promoted]
    assert logits == pytest.approx([e.logit for e in expected.promoted], abs=1e-4)
    others = a["together_index"].reshape(-1, 4)[row]
    assert [int(o) - 1 for o in others if o] == [o.index for o in expected.together]
    overlap = a["together_overlap"].reshape(-1, 4)[row] / SIGNED_STEPS
    assert overlap[: len(expected.together)] == pytest.approx(
        [o.overlap for o in expected.together], abs=1e-4
    )


def test_labels_are_in_the_shard_as_they_were_scored():
    file, row = FILES[10], 7
    a, (scored, own) = file.arrays, TABLE.labels[17]
    start, stop = a["label_starts"][row : row + 2]
    assert stop - start == 2
    assert file.header["label_texts"][start : start + 2] == [scored.text, own.text]
    methods = [file.header["label_methods"][each] for each in a["label_method"][start:stop]]
    assert methods == ["trigger tokens", "mine:label"]
    score, control, agreement = (
        a[f"label_{name}"][start : start + 2] for name in ("score", "control", "agreement")
    )
    assert [each[0] / STEPS for each in (score, control, agreement)] == pytest.approx(
        [scored.score, scored.control, scored.agreement], abs=1e-4
    )
    assert score[1] == control[1] == agreement[1] == NOT_SCORED
    silent = FILES[0].arrays["label_starts"][SILENT : SILENT + 2]
    assert silent[0] == silent[1]


def test_a_silent_feature_has_no_examples():
    a = FILES[0].arrays
    assert a["active"][SILENT] == a["maximum"][SILENT] == 0
    assert a["example_starts"][SILENT] == a["example_starts"][SILENT + 1]


def test_stretches_that_overlap_are_stored_once():
    a = FILES[0].arrays
    assert len(a["text"]) <= CONTEXT.tokens.size < a["example_length"].astype(int).sum()


def test_equal_dashboards_have_equal_bytes_which_read_as_they_were(tmp_path):
    packed = FILES[10].packed()
    assert packed == dict(shards(TABLE, CONTEXT, SIZE))[10].packed()
    (tmp_path / "a.shard").write_bytes(packed)
    read = ArrayFile.read(tmp_path / "a.shard")
    assert read.header == FILES[10].header
    assert {name: array.tolist() for name, array in read.arrays.items()} == {
        name: array.reshape(-1).tolist() for name, array in FILES[10].arrays.items()
    }


def test_the_smallest_type_is_taken():
    kinds = [smallest(np.array([0, top])).dtype.str for top in (255, 256, 65536)]
    assert kinds == ["|u1", "<u2", "<u4"]


HEADERS = [
    b"{}", b"[]", b"{", b'{"arrays": 3}', b'{"arrays": {"a": ["<u2", 0, 9]}}',
    b'{"arrays": {"a": ["<u2", -8, 1]}}', b'{"arrays": {"a": ["|O", 0, 1]}}',
    b'{"arrays": {"a": ["<u2", 0]}}', b'{"arrays": {"a": [1, 2, 3]}}', b"[" * 5000,
    b'{"arrays": {"a": ["<u2", 0, 1180591620717411303424]}}',
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_what_is_no_shard_is_refused_in_one_line(tmp_path, header):
    path = tmp_path / "a.shard"
    path.write_bytes(gzip.compress(MAGIC + len(header).to_bytes(4, "little") + header + bytes(4)))
    with pytest.raises(UnknownFormat) as refused:
        ArrayFile.read(path)
    assert "\n" not in str(refused.value)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.booleans())
def test_other_bytes_are_refused(tmp_path_factory, content, packed):
    path = tmp_path_factory.mktemp("bytes") / "a.shard"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(UnknownFormat):
        ArrayFile.read(path)


def test_json_is_the_header(tmp_path):
    whole = gzip.decompress(FILES[0].packed())
    length = int.from_bytes(whole[8:12], "little")
    assert whole[:8] == MAGIC
    assert json.loads(whole[12 : 12 + length])["layer"] == 2
    assert (12 + length) % 8 == 0
