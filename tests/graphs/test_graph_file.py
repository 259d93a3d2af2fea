"""A damaged, oversized or foreign graph file gives one line, never a traceback or a trap."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas.errors import GraphFormatError
from atlas.graphs import graph_file
from atlas.graphs.graph import AttributionGraph
from tests.graphs.hand_graphs import small_graph


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "graph.npz"
    small_graph().save(path)
    return path


def rewrite(path, change):
    """Write the file again with `change(arrays)` applied to its arrays."""
    with np.load(path) as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(path, **arrays)


def refused(path, message):
    with pytest.raises(GraphFormatError, match=message) as caught:
        AttributionGraph.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_packed_it_is_the_file_that_would_be_saved(tmp_path):
    small_graph().save(tmp_path / "graph.npz")
    assert small_graph().packed() == (tmp_path / "graph.npz").read_bytes()


def test_a_missing_file_a_folder_and_an_empty_file_are_refused(tmp_path):
    refused(tmp_path / "none.npz", "no such file")
    refused(tmp_path, "no such file")
    (tmp_path / "empty.npz").write_bytes(b"")
    refused(tmp_path / "empty.npz", "cannot be read")


def test_every_truncation_is_refused(saved):
    data = saved.read_bytes()
    for length in range(0, len(data), 97):
        saved.write_bytes(data[:length])
        refused(saved, "cannot be read")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_flipped_bytes_are_refused_or_change_nothing(saved, data):
    small_graph().save(saved)
    content = bytearray(saved.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    saved.write_bytes(bytes(content))
    try:
        graph = AttributionGraph.load(saved)
    except GraphFormatError:
        return
    assert graph.equals(small_graph())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weights", np.full(12, np.nan, np.float32), "finite weights"),
        ("weights", np.ones(12), "one-dimensional float32"),
        ("weights", np.ones(11, np.float32), "12 edges as declared"),
        ("weights", np.ones((3, 4), np.float32), "one-dimensional float32"),
        ("columns", np.full(12, 99, np.int32), "sources among the 8 nodes"),
        ("columns", np.full(12, -1, np.int32), "sources among the 8 nodes"),
        ("columns", np.full(12, 1, np.int32), "each edge once"),
        ("row_pointers", np.array([0, 12, 2, 12, 12]), "ascend"),
        ("row_pointers", np.array([], np.int64), "-1 entries"),
        ("row_nodes", np.array([0, 1, 6, 99], np.int32), "nodes below 8"),
        ("row_totals", np.full(4, np.inf, np.float32), "finite number"),
        ("nodes_kind", np.zeros(7, np.int8), "7 entries"),
        ("nodes_value", np.zeros(9, np.float32), "8 entries"),
        ("nodes_layer", np.zeros(8, np.int64), "one-dimensional int16"),
        ("header", np.frombuffer(b"{", np.uint8), "JSON"),
        ("header", np.frombuffer(b"[]", np.uint8), "a mapping"),
        ("header", np.frombuffer(b"{}", np.uint8), "format"),
        ("header", np.frombuffer(b'{"labels": NaN}', np.uint8), "not JSON"),
        ("header", np.frombuffer(b"[" * 100_000, np.uint8), "JSON"),
        ("extra", np.zeros(1), "only a graph's arrays"),
    ],
)
def test_an_array_that_breaks_the_rules_is_refused(saved, name, value, message):
    rewrite(saved, lambda arrays: arrays.update({name: value}))
    refused(saved, message)


def test_a_missing_array_is_refused(saved):
    rewrite(saved, lambda arrays: arrays.pop("weights"))
    refused(saved, "the array weights")


def test_another_version_of_the_format_is_refused(saved):
    def newer(arrays):
        header = arrays["header"].tobytes().replace(b'"format_version":1', b'"format_version":2')
        arrays["header"] = np.frombuffer(header, np.uint8)

    rewrite(saved, newer)
    refused(saved, "the version that this atlas reads")


def test_pickled_objects_are_never_loaded(saved):
    class Trap:
        def __reduce__(self):
            return (print, ("unpickled",))

    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([Trap()], dtype=object), version=(1, 0))
    replace_member(saved, "weights.npy", buffer.getvalue())
    refused(saved, "one-dimensional float32")
    replace_member(saved, "weights.npy", pickle.dumps(Trap()))
    refused(saved, "cannot be read")


def replace_member(path, name, data):
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    members[name] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(saved):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.zeros(16 * 2**20, np.float32), version=(1, 0))
    replace_member(saved, "weights.npy", buffer.getvalue())
    refused(saved, "MiB declared in a file of")


def test_a_declared_shape_without_its_bytes_is_refused(saved):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f4", "fortran_order": False, "shape": (10**15,)}
    )
    replace_member(saved, "weights.npy", buffer.getvalue() + b"\0" * 8)
    refused(saved, "as declared")


def test_a_description_that_does_not_end_is_refused(saved):
    said = b"{'descr': '<f4', 'shape': (\0 (\n"
    replace_member(saved, "weights.npy", b"\x93NUMPY\x01\x00" + bytes([len(said), 0]) + said)
    refused(saved, "cannot be read")


def test_an_interrupted_write_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def fail(*arguments, **settings):
        raise OSError("disk full")

    monkeypatch.setattr(graph_file.npy, "write_array", fail)
    with pytest.raises(OSError, match="disk full"):
        small_graph().save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["graph.npz"]
