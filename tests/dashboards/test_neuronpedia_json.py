import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.dashboards.dashboard import (
    Band,
    Dashboard,
    Density,
    Example,
    Histogram,
    Similar,
    TokenEffect,
)
from atlas.dashboards.neuronpedia_json import read_feature, read_features, write_feature
from atlas.errors import AtlasError, UnknownFormat

STRONG = Example(7, (" a", " b"), (0.0, 2.0), 1)
WEAK = Example(8, (" c", " d"), (0.5, 0.0), 0)
DASHBOARD = Dashboard(
    model="microworld",
    dictionary="res-jb",
    layer=2,
    index=117,
    density=Density(0.005, None, None, None, None),
    maximum=2.0,
    histogram=Histogram((0.0, 1.0, 2.0), (3, 2)),
    top=(STRONG,),
    bands=(Band(0.0, 0.5, 0.0, 1.0, 0, (WEAK,)), Band(0.5, 1.0, 1.0, 2.0, 0, (STRONG,))),
    promoted=(TokenEffect("Austin", 1.25),),
    suppressed=(TokenEffect("¶", -0.5),),
    similar=(Similar(2, 4, 0.5),),
)


def test_writing_then_reading_keeps_what_the_format_holds():
    assert read_feature(json.loads(json.dumps(write_feature(DASHBOARD)))) == DASHBOARD


def test_features_of_other_layers_and_counts_have_no_place_in_the_format():
    written = write_feature(
        replace(
            DASHBOARD,
            density=Density(0.005, 5, 1000, 0.002, 0.012),
            similar=(Similar(3, 9, 0.9), Similar(2, 4, 0.5)),
        )
    )
    assert read_feature(written) == DASHBOARD


def test_a_missing_logit_is_left_out():
    data = write_feature(DASHBOARD) | {"pos_str": ["a", "b"], "pos_values": [1.0, -10000]}
    assert read_feature(data).promoted == (TokenEffect("a", 1.0),)


def test_a_published_batch_is_read(shared_data):
    folder = shared_data / "features" / "saedashboard_neuronpedia_gpt2-small_0-res-jb"
    first = read_features(folder / "batch-0.json")[0]
    assert (first.model, first.dictionary, first.layer, first.index) == (
        "gpt2-small",
        "res-jb",
        0,
        0,
    )
    assert first.density.share == 0.0002
    assert first.maximum == 2.214
    assert first.promoted[0] == TokenEffect(" Brigade", 3.753)
    assert len(first.top) == 30
    assert first.top[0].tokens[first.top[0].peak] == " brigade"
    assert len(first.histogram.edges) == 51
    assert [len(band.examples) for band in first.bands] == [5, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"index": "many"},
        {"layer": "first-res"},
        {"activations": [{"tokens": ["a"], "values": [1.0, 2.0]}]},
        {"activations": [{"tokens": [], "values": []}]},
        {"activations": [3]},
        {"pos_values": ["high"]},
    ],
)
def test_a_feature_that_contradicts_itself_is_refused(change):
    with pytest.raises(UnknownFormat):
        read_feature(write_feature(DASHBOARD) | change)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(write_feature(DASHBOARD))), JSON)
def test_any_other_value_is_read_or_refused_in_one_line(name, value):
    try:
        read_feature(write_feature(DASHBOARD) | {name: value})
    except AtlasError as error:
        assert "\n" not in str(error)


@given(st.binary(max_size=60) | JSON.map(lambda data: json.dumps(data).encode()))
def test_any_other_file_is_refused_in_one_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("features") / "any.json"
    path.write_bytes(data)
    try:
        read_features(path)
    except AtlasError as error:
        assert "\n" not in str(error)
