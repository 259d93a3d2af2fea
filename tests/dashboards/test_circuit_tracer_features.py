import gzip
import json
import struct
from dataclasses import replace

import pytest

from atlas.dashboards.circuit_tracer_features import (
    LARGEST_RECORD,
    feature_record,
    read_feature,
    read_record,
    write_index,
    write_layer,
)
from atlas.dashboards.dashboard import (
    Band,
    Dashboard,
    Density,
    Example,
    Histogram,
    TokenEffect,
)
from atlas.errors import UnknownFormat

STRONG = Example(-1, (" a", "¶ é"), (0.0, 2.0), 1)
WEAK = Example(-1, (" c", "</script>"), (0.5, 0.0), 0)
DASHBOARD = Dashboard(
    model="microworld",
    dictionary="res-jb",
    layer=2,
    index=0,
    density=Density(0.005, None, None, None, None),
    maximum=2.0,
    histogram=Histogram((0.0, 1.0, 2.0), (3, 2)),
    top=(STRONG,),
    bands=(Band(0.0, 0.5, 0.5, 0.5, 0, (WEAK,)), Band(0.5, 1.0, 2.0, 2.0, 0, (STRONG,))),
    promoted=(TokenEffect("Austin", 0.0),),
    suppressed=(TokenEffect("¶", 0.0),),
    similar=(),
)
SILENT = replace(
    DASHBOARD,
    index=1,
    density=Density(0.0, None, None, None, None),
    maximum=0.0,
    histogram=Histogram((), ()),
    top=(),
    bands=(),
)


@pytest.fixture
def folder(tmp_path):
    records = [feature_record(DASHBOARD, (0.5, 2.0)), feature_record(SILENT, ())]
    offsets = write_layer(tmp_path / "layer_2.bin", records)
    write_index(tmp_path, [("", []), ("", []), ("layer_2.bin", offsets)])
    return tmp_path


def test_what_is_written_is_read_back(folder):
    for dashboard in (DASHBOARD, SILENT):
        record = read_record(folder, 2, dashboard.index)
        assert read_feature(record, "microworld", 2) == dashboard


def test_a_viewer_finds_a_record_by_its_range_of_bytes(folder):
    index = json.loads(gzip.decompress((folder / "index.json.gz").read_bytes()))
    start, end = index[2]["offsets"][:2]
    data = (folder / index[2]["filename"]).read_bytes()
    assert index[2]["offsets"][-1] == len(data)
    taken = data[start : end + 1]  # ranges of HTTP include their end
    (length,) = struct.unpack("<I", taken[:4])
    assert length == end - start - 4
    record = json.loads(gzip.decompress(taken[4 : 4 + length]))
    assert record["quantile_values"] == [0.5, 2.0]
    names = [group["quantile_name"] for group in record["examples_quantiles"]]
    assert names == ["Top activations", "50% to 100%", "0% to 50%"]


def test_equal_features_give_equal_bytes(folder, tmp_path):
    again = tmp_path / "again.bin"
    write_layer(again, [feature_record(DASHBOARD, (0.5, 2.0)), feature_record(SILENT, ())])
    assert again.read_bytes() == (folder / "layer_2.bin").read_bytes()


@pytest.mark.parametrize(("layer", "index"), [(0, 0), (2, 2), (3, 0)])
def test_a_feature_that_the_index_lacks_is_refused(folder, layer, index):
    with pytest.raises(UnknownFormat, match="a feature that the index says where to find"):
        read_record(folder, layer, index)


def test_broken_files_are_refused_in_one_line(folder):
    whole = (folder / "layer_2.bin").read_bytes()
    bomb = gzip.compress(b" " * (LARGEST_RECORD + 1))
    for broken in (whole[:30], b"", b"\xff" * len(whole), struct.pack("<I", len(bomb)) + bomb):
        (folder / "layer_2.bin").write_bytes(broken)
        write_index(folder, [("", []), ("", []), ("layer_2.bin", [0, len(broken)])])
        with pytest.raises(UnknownFormat) as error:
            read_record(folder, 2, 0)
        assert "\n" not in str(error.value)


def test_an_index_cannot_point_out_of_its_folder(folder, tmp_path):
    outside = tmp_path.parent / "outside.bin"
    outside.write_bytes((folder / "layer_2.bin").read_bytes())
    write_index(folder, [("../outside.bin", [0, 100])])
    with pytest.raises(UnknownFormat):
        read_record(folder, 0, 0)
    outside.unlink()


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"index": 1, "examples_quantiles": 3},
        {"index": "x", "examples_quantiles": []},
        {
            "index": 1,
            "examples_quantiles": [
                {"quantile_name": "", "examples": [{"tokens": ["a"], "tokens_acts_list": []}]}
            ],
        },
    ],
)
def test_what_is_no_feature_is_refused(record):
    with pytest.raises(UnknownFormat, match="a feature of circuit-tracer's viewer"):
        read_feature(record, "m", 0)
