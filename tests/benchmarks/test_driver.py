"""What the benchmarks run on this side; the peer is not installed where tests run."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np

from benchmarks.agreement import compare
from benchmarks.jobs import Job
from benchmarks.ours.attribute import run
from benchmarks.random_models import RandomModel, prompt, write

TINY = RandomModel("tiny", "Llama", 2, 16, 2, 40, 64, active=6, settings={"num_key_value_heads": 1})


def test_a_random_model_is_measured_and_its_graph_compared(tmp_path):
    folder = write(TINY, tmp_path)
    graph = tmp_path / "graph.npz"
    model, transcoders = str(folder / "model"), str(folder / "transcoders")
    job = Job(model, transcoders, prompt(TINY, 6), None, graph=str(graph))
    figures = run(asdict(job))
    assert figures["wall"] > 0
    assert figures["extra_bytes"] >= 0
    # About as many features are active as were asked for: layers × tokens after the first × 6.
    assert 0.4 < figures["traced"] / (2 * 5 * 6) < 2.5
    with np.load(graph) as written:
        arrays = dict(written)
    errors_and_tokens = (2 + 1) * 6
    assert arrays["rows"].shape[1] == len(arrays["selected"]) + errors_and_tokens

    peer = tmp_path / "peer.npz"
    everything = {"active": arrays["selected"], "selected": np.arange(len(arrays["selected"]))}
    np.savez(peer, **{**arrays, **everything})
    assert compare(peer, graph).difference == 0
    arrays["rows"][0] *= 1.001
    np.savez(peer, **{**arrays, **everything})
    assert 0.9e-3 < compare(peer, graph).difference < 1.1e-3


def test_a_folder_is_written_anew_only_where_another_model_is_wanted(tmp_path):
    first = write(TINY, tmp_path) / "transcoders" / "layer_0.safetensors"
    before = first.read_bytes()
    write(TINY, tmp_path)
    assert first.read_bytes() == before
    write(replace(TINY, seed=1), tmp_path)
    assert first.read_bytes() != before
