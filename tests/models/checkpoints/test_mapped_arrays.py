"""Arrays of an archive are mapped where they can be, and read as numpy does otherwise."""

import zipfile

import numpy as np
import pytest

from atlas.models.checkpoints.mapped_arrays import read_arrays

ARRAYS = {
    "matrix": np.arange(12, dtype=np.float32).reshape(3, 4),
    "by_columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "number": np.array(7, dtype=np.int64),
    "empty": np.zeros((0, 3), dtype=np.float32),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_it_gives_what_numpy_gives(save, tmp_path):
    save(tmp_path / "arrays.npz", **ARRAYS)
    found = read_arrays(tmp_path / "arrays.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
    assert isinstance(found["matrix"], np.memmap) == (save is np.savez)


def test_what_is_written_to_an_array_does_not_reach_the_file(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, **ARRAYS)
    before = path.read_bytes()
    read_arrays(path)["matrix"][:] = 9
    assert path.read_bytes() == before


def test_an_archive_whose_array_is_longer_than_its_member_is_refused(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, matrix=ARRAYS["matrix"])
    data = path.read_bytes()
    assert data.count(b"(3, 4)") == 1
    path.write_bytes(data.replace(b"(3, 4)", b"(9, 9)"))
    with pytest.raises((ValueError, OSError, zipfile.BadZipFile)):
        read_arrays(path)


def test_objects_are_refused(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, thing=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(path)
