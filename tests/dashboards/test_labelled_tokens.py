import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput, UnknownFormat


def small() -> LabelledTokens:
    tokens = np.array([[1, 5, 6, 0], [1, 6, 6, 7]], dtype=np.int16)
    state = np.array([[0, 0, 1, -1], [-1, -1, 0, 1]], dtype=np.int8)
    return LabelledTokens(
        tokens=tokens,
        codes={"state": state},
        values={"state": ("Texas", "California")},
        behaviour=np.array([0, 1], dtype=np.int8),
        behaviours=("two-hop", "agreement"),
        pad_id=0,
        vocabulary=("<pad>", "<bos>", "a", "b", "c", " Dallas", " is", " in"),
        extra={"seed": 7},
    )


def test_writing_then_reading_is_the_identity(tmp_path):
    small().save(tmp_path / "tokens.npz")
    read = LabelledTokens.load(tmp_path / "tokens.npz")
    assert np.array_equal(read.tokens, small().tokens)
    assert np.array_equal(read.latent("state")[0], small().latent("state")[0])
    assert read.latent("state")[1] == ("Texas", "California")
    assert (read.behaviours, read.pad_id, read.extra) == (("two-hop", "agreement"), 0, {"seed": 7})


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("first.npz", "second.npz"):
        small().save(tmp_path / name)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_a_latent_predicate_is_true_where_the_latent_has_the_value():
    mask = small().mask({"latent": "state", "equals": "Texas"})
    assert mask.tolist() == [[False, True, False, False], [False, False, True, False]]


def test_a_predicate_of_several_values_is_their_union():
    mask = small().mask({"latent": "state", "in": ["Texas", "California"]})
    assert mask.sum() == 4


def test_a_token_predicate_is_true_at_those_tokens():
    assert small().mask({"tokens": [" is"]}).tolist() == [
        [False, False, True, False],
        [False, True, True, False],
    ]


def test_padding_and_the_first_position_never_count():
    assert small().is_word().tolist() == [[False, True, True, False], [False, True, True, True]]
    assert small().defined({"latent": "state", "equals": "Texas"}).sum() == 4


@pytest.mark.parametrize(
    "predicate",
    [
        {"latent": "colour", "equals": "red"},
        {"latent": "state", "equals": "Bavaria"},
        {"latent": "state"},
        {"tokens": [" Rome"]},
        {},
    ],
)
def test_a_predicate_that_cannot_be_judged_is_refused(predicate):
    with pytest.raises(BadInput):
        small().mask(predicate)


def test_a_code_without_a_value_is_refused():
    with pytest.raises(BadInput, match="codes from -1 to 0"):
        LabelledTokens(
            tokens=np.zeros((1, 2), dtype=np.int16),
            codes={"state": np.array([[0, 1]])},
            values={"state": ("Texas",)},
            behaviour=np.array([-1]),
            behaviours=(),
        )


@given(st.binary(max_size=300))
def test_other_bytes_are_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("tokens") / "any.npz"
    path.write_bytes(data)
    with pytest.raises(UnknownFormat):
        LabelledTokens.load(path)


@pytest.mark.parametrize("missing", ["tokens", "header", "latent:state"])
def test_a_file_without_one_of_its_arrays_is_refused(tmp_path, missing):
    small().save(tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as arrays:
        kept = {name: arrays[name] for name in arrays.files if name != missing}
    np.savez(tmp_path / "part.npz", **kept)
    with pytest.raises(UnknownFormat):
        LabelledTokens.load(tmp_path / "part.npz")


@pytest.mark.parametrize("content", [b"words", b"\x93NUMPY\x01\x00\x05\x00{'a':"])
def test_a_member_that_is_no_array_is_refused(tmp_path, content):
    small().save(tmp_path / "tokens.npz")
    with zipfile.ZipFile(tmp_path / "tokens.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "tokens.npz", "w") as archive:
        for name, kept in (members | {"latent:state.npy": content}).items():
            archive.writestr(name, kept)
    with pytest.raises(UnknownFormat):
        LabelledTokens.load(tmp_path / "tokens.npz")


def test_an_archive_that_would_unpack_to_something_huge_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("atlas.dashboards.labelled_tokens.MAXIMUM_BYTES", 1000)
    np.savez_compressed(tmp_path / "bomb.npz", tokens=np.zeros((1000, 1000), dtype=np.int8))
    with pytest.raises(UnknownFormat, match="at most"):
        LabelledTokens.load(tmp_path / "bomb.npz")


def test_an_archive_with_objects_is_refused(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "objects.npz", "w") as archive:
        archive.writestr("tokens.npy", buffer.getvalue())
    with pytest.raises(UnknownFormat):
        LabelledTokens.load(tmp_path / "objects.npz")
