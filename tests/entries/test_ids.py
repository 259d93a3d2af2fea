import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.entries.ids import FeatureId, LayerFeature, LayerHead, is_slug
from atlas.errors import SchemaError


def test_a_feature_id_is_read_written_and_placed():
    identity = FeatureId.parse("microworld/transcoders/2-117")
    assert (identity.layer, identity.index) == (2, 117)
    assert str(identity) == "microworld/transcoders/2-117"
    assert str(identity.path) == "features/microworld/transcoders/2-117.yaml"
    assert identity.reproduction_path.name == "2-117.reproduction.json"
    assert identity.folder_name == "microworld--transcoders--2-117"
    assert identity.short == LayerFeature(2, 117)


@pytest.mark.parametrize(
    "text",
    ["", "2-117", "a/b/2.117", "a/b/02-1", "a/b/2-1/", "A/b/2-1", "../b/2-1", "a/b/2--1",
     "a/b/2-1\n", "a/b/२-1"],
)  # fmt: skip
def test_anything_else_is_no_feature_id(text):
    with pytest.raises(SchemaError, match="feature id"):
        FeatureId.parse(text)


def test_features_sort_by_number():
    short = [LayerFeature.parse(text) for text in ("10-1", "2-30", "2-4")]
    assert [str(one) for one in sorted(short)] == ["2-4", "2-30", "10-1"]


def test_a_head_is_written_with_a_point():
    assert str(LayerHead.parse("2.5")) == "2.5"
    with pytest.raises(SchemaError, match="head id"):
        LayerHead.parse("2-5")


@given(st.from_regex(r"[a-z0-9]{1,5}(-[a-z0-9]{1,5}){0,3}", fullmatch=True), st.integers(0, 9999),
       st.integers(0, 10**9 - 1))  # fmt: skip
def test_writing_and_reading_an_id_is_the_identity(name, layer, index):
    identity = FeatureId(name, name, layer, index)
    assert FeatureId.parse(str(identity)) == identity


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "A", "a_b", "a\n", "é", "a" * 65])
def test_what_is_no_slug(text):
    assert not is_slug(text)
