"""Dashboards in other tools' files: what is read, written and read again is the same."""

import gzip
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.commands.convert_dashboards import command
from atlas.dashboards import neuronpedia_bulk, saedashboard_json
from atlas.dashboards.dashboard import Dashboard
from atlas.dashboards.dashboard_files import read_dashboards, write_dashboards
from atlas.dashboards.neuronpedia_json import read_feature, read_features, write_feature
from atlas.errors import AtlasError, BadInput, UnknownFormat
from tests.dashboards.planted_table import planted_table

LAYOUTS = ("atlas", "saedashboard", "neuronpedia")
FOREIGN = LAYOUTS[1:]
TABLE, CONTEXT = planted_table(2, 23)
OURS = list(TABLE.dashboards(CONTEXT))
OTHER_LAYER = [replace(each, layer=11) for each in OURS[:3]]


def told(dashboard: Dashboard) -> Dashboard:
    """What the formats of others have a place for."""
    return read_feature(json.loads(json.dumps(write_feature(dashboard))))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_written_reads_as_it_was(layout, tmp_path, monkeypatch):
    monkeypatch.setattr(saedashboard_json, "BATCH", 10)
    monkeypatch.setattr(neuronpedia_bulk, "BATCH", 10)
    assert write_dashboards(tmp_path / "out", layout, [*OURS, *OTHER_LAYER]) == 26
    found = sorted(read_dashboards(tmp_path / "out"), key=lambda each: (each.layer, each.index))
    expected = [*OURS, *OTHER_LAYER]
    assert found == (expected if layout == "atlas" else [told(each) for each in expected])
    again = {path.name for path in (tmp_path / "out").iterdir()}
    assert again == ({"transcoders"} if layout == "atlas" else {"2-transcoders", "11-transcoders"})


@pytest.mark.parametrize("layout", FOREIGN)
def test_reading_writing_and_reading_again_changes_nothing(layout, tmp_path):
    write_dashboards(tmp_path / "a", layout, OURS)
    first = list(read_dashboards(tmp_path / "a"))
    write_dashboards(tmp_path / "b", layout, first)
    assert list(read_dashboards(tmp_path / "b")) == first
    write_dashboards(tmp_path / "c", layout, read_dashboards(tmp_path / "b"))
    for path in (tmp_path / "b").rglob("batch-*"):
        other = tmp_path / "c" / path.relative_to(tmp_path / "b")
        assert path.read_bytes() == other.read_bytes()


WORDS = st.text(max_size=8)
NUMBERS = st.floats(0, 1e6, allow_subnormal=False).map(lambda value: round(value, 4))


@st.composite
def examples(draw):
    tokens = draw(st.lists(WORDS, min_size=1, max_size=4))
    values = draw(st.lists(NUMBERS, min_size=len(tokens), max_size=len(tokens)))
    peak = draw(st.integers(0, len(tokens) - 1))
    sequence = draw(st.integers(-1, 99))
    return {"sequence": sequence, "tokens": tokens, "activations": values, "peak": peak}


@st.composite
def dashboards(draw):
    """The JSON of a dashboard that has nothing without a place in the formats of others."""
    edges = sorted(draw(st.lists(st.integers(1, 99), max_size=3, unique=True)))
    shares = [0.0, *(edge / 100 for edge in edges)]
    several = st.lists(examples(), min_size=1, max_size=2)
    effects = st.lists(st.fixed_dictionaries({"token": WORDS, "logit": NUMBERS}), max_size=3)
    similar = {"layer": st.just(3), "index": st.integers(0, 9), "cosine": NUMBERS}
    pairs = zip(shares[:-1], shares[1:], strict=True)
    unknown = dict.fromkeys(("active", "tokens", "low", "high"))
    return {
        "schema_version": 1,
        "model": "m",
        "dictionary": "d",
        "layer": 3,
        "index": draw(st.integers(0, 10**7)),
        "density": {"share": draw(st.floats(0, 1)), **unknown},
        "maximum": 1.5,
        "histogram": {"edges": [], "counts": []},
        "top": draw(several),
        "bands": [
            {"from_share": low, "to_share": high, "lowest": float(number),
             "highest": number + 1.0, "count": 0, "examples": draw(several)}
            for number, (low, high) in enumerate(pairs)
        ],
        "promoted": draw(effects),
        "suppressed": draw(effects),
        "similar": draw(st.lists(st.fixed_dictionaries(similar), max_size=2)),
    }  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(dashboards(), st.sampled_from(FOREIGN))
def test_any_dashboard_reads_as_it_was_written(tmp_path_factory, data, layout):
    dashboard = Dashboard.from_json(data)
    folder = tmp_path_factory.mktemp("files") / "out"
    write_dashboards(folder, layout, [dashboard])
    assert list(read_dashboards(folder)) == [dashboard]


def test_published_batches_keep_everything_that_is_read_of_them(shared_data, tmp_path):
    given = shared_data / "features" / "saedashboard_neuronpedia_gpt2-small_0-res-jb"
    first = list(read_dashboards(given))
    assert len(first) == 4
    for layout in LAYOUTS:
        write_dashboards(tmp_path / layout, layout, first)
        assert sorted(read_dashboards(tmp_path / layout), key=lambda d: d.index) == first


def test_features_sorted_as_text_find_their_examples(tmp_path):
    write_dashboards(tmp_path, "neuronpedia", OURS)
    path = tmp_path / "2-transcoders" / "features" / "batch-0.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    by_text = sorted(lines, key=lambda line: json.loads(line)["index"])
    assert by_text != lines
    path.write_bytes(gzip.compress(b"".join(by_text[:7])))
    path.with_name("batch-1.jsonl.gz").write_bytes(gzip.compress(b"".join(by_text[7:])))
    found = sorted(read_dashboards(tmp_path), key=lambda each: each.index)
    assert found == [told(each) for each in OURS]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("features", b'{"index": 1}\n{"index": "1"}', "each feature once"),
        ("features", b'{"layer": "1-a"}', "lines with an index"),
        ("features", b"[1]", "one a line"),
        ("features", b'{"index": NaN}', "no number"),
        ("features", b'{"index": "1", "layer": "1-a", "frac_nonzero": 1e999}', "too large"),
        ("activations", b'{"index": "9"}', "in one batch"),
        ("activations", b"\xff\xfe", "one a line"),
        ("activations", b'{"index": ' + b"[" * 9000, "one a line"),
    ],
)
def test_a_damaged_export_is_refused_in_one_line(tmp_path, name, content, expected):
    for folder in ("features", "activations"):
        (tmp_path / folder).mkdir()
    good = json.dumps(write_feature(OURS[0])).encode()
    (tmp_path / "features" / "batch-0.jsonl.gz").write_bytes(gzip.compress(good))
    (tmp_path / name / "batch-0.jsonl.gz").write_bytes(gzip.compress(content))
    result = CliRunner().invoke(
        command, [str(tmp_path), "--layout", "atlas", "--out", str(tmp_path / "out")]
    )
    assert isinstance(result.exception, UnknownFormat)
    assert expected in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.unfinished").exists()


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=80), st.sampled_from(["a.json", "a.jsonl", "a.jsonl.gz", "a.bin"]))
def test_any_other_file_is_refused_in_one_line(tmp_path_factory, content, name):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
    try:
        list(read_dashboards(path))
    except AtlasError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("dictionary", ["../../up", "a/b", ".hidden", "nul\x00", "x" * 200])
def test_a_name_that_would_lead_elsewhere_is_refused(tmp_path, dictionary):
    with pytest.raises(BadInput, match="letters"):
        write_dashboards(tmp_path, "atlas", [replace(OURS[0], dictionary=dictionary)])
    assert list(tmp_path.iterdir()) == []


def test_features_of_a_layer_in_two_places_are_refused(tmp_path):
    with pytest.raises(BadInput, match="two places"):
        write_dashboards(tmp_path, "atlas", [OURS[0], OTHER_LAYER[0], OURS[1]])


def test_an_empty_folder_and_an_existing_target_are_refused(tmp_path):
    with pytest.raises(UnknownFormat, match="none of them"):
        list(read_dashboards(tmp_path))
    (tmp_path / "one.json").write_text(json.dumps(write_feature(OURS[0])))
    arguments = [str(tmp_path / "one.json"), "--layout", "saedashboard", "--out"]
    refused = CliRunner().invoke(command, [*arguments, str(tmp_path)])
    assert isinstance(refused.exception, BadInput)
    done = CliRunner().invoke(command, [*arguments, str(tmp_path / "out")], catch_exceptions=False)
    assert "1 features written" in done.output
    batch = tmp_path / "out" / "2-transcoders" / "batch-0.json"
    assert read_features(batch) == (told(OURS[0]),)
