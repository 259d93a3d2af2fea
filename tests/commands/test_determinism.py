"""The same machine gives the same bytes; threads and sizes of batches change rounding only."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.intervene import (
    FeatureIntervention,
    HeadIntervention,
    InterventionSettings,
    NeuronIntervention,
    PromptBatch,
    Span,
)
from atlas.methods.intervene_many import last_logits
from atlas.models.loading import load_dictionary, load_model

PROMPT = "Fact: the capital of the state containing Dallas is"
ENGINE = ["--model", "microworld", "--dictionary", "transcoders", "--prompt", PROMPT]
STEER = [
    "steer", *ENGINE, "--set", "2-117@7=0:10:5", "--ablate", "head:5.3@last",
    "--scale", "neuron:2.40@all=2", "--format", "json",
]  # fmt: skip
GENERATE = [
    "steer", *ENGINE, "--ablate", "head:3.1@all", "--generate", "8", "--samples", "3",
    "--temperature", "1.5", "--format", "json",
]  # fmt: skip
SCRIPT = """
import sys
from click.testing import CliRunner
from atlas.cli import atlas
runner = CliRunner()
for given in {commands}:
    sys.stdout.write(runner.invoke(atlas, given, catch_exceptions=False).stdout)
"""
# Float32 sums in another order: a few roundings of logits of about 20, and of their softmax.
LOGITS = {"atol": 1e-4, "rtol": 0.0}
# Edges are sums of products along many paths; the largest ones are about 10.
EDGES = {"atol": 1e-4, "rtol": 1e-4}


@pytest.fixture(scope="module")
def engine(repository):
    return load_model(repository, "microworld"), load_dictionary(
        repository, "microworld", "transcoders"
    )


def in_a_fresh_process(repository, folder, hash_seed):
    folder.mkdir()
    trace = ["trace", *ENGINE, "--out", str(folder / "graph.npz"), "--format", "json"]
    script = SCRIPT.format(commands=[trace, STEER, GENERATE])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(repository)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, env=environment, capture_output=True,
        check=True, timeout=300,
    )  # fmt: skip
    said = done.stdout.replace(str(folder).encode(), b"FOLDER")
    return said, (folder / "graph.npz").read_bytes()


@pytest.mark.slow  # half a minute: two processes start from nothing
def test_trace_and_steer_give_the_same_bytes_in_two_processes(repository, tmp_path):
    first = in_a_fresh_process(repository, tmp_path / "first", "1")
    second = in_a_fresh_process(repository, tmp_path / "second", "2")
    assert b"divergence_nats" in first[0]
    assert b'"seed": 2' in first[0]
    assert first == second


def edges(graph):
    """The weights by target and source."""
    places = graph.edges
    weights = np.zeros((len(graph.nodes), len(graph.nodes)))
    weights[places.targets, places.sources] = places.weights
    return weights


def options():
    """Changes of several kinds, one list per row."""
    heads = [[HeadIntervention(5, head, -1)] for head in range(4)]
    features = [[FeatureIntervention(2, 117, 7, "set", value)] for value in (0.0, 4.0, 8.0)]
    neurons = [[NeuronIntervention(3, 11, Span(2), "add", 3.0)]]
    return heads + features + neurons


@pytest.mark.parametrize("mode", ["iterative", "constrained", "direct"])
def test_how_many_changes_share_a_pass_does_not_matter(mode, engine):
    model, dictionary = engine
    prompt = PromptBatch(model, dictionary, model.tokenize(PROMPT).ids[None])
    settings = InterventionSettings(mode)
    alone, some, together = (
        last_logits(prompt, options(), settings, rows) for rows in (1, 3, None)
    )
    torch.testing.assert_close(alone, together, **LOGITS)
    torch.testing.assert_close(some, together, **LOGITS)
    assert (together - prompt.logits[0, -1]).abs().max() > 0.05


def test_how_many_rows_are_swept_together_does_not_matter(engine):
    model, dictionary = engine
    ids = model.tokenize(PROMPT).ids
    few, many = (
        attribute(model, dictionary, ids, AttributionSettings(rows_per_chunk=rows))
        for rows in (64, 512)
    )
    assert len(many.row_nodes) > 128
    np.testing.assert_array_equal(few.nodes.index, many.nodes.index)
    np.testing.assert_allclose(edges(few), edges(many), **EDGES)


def test_how_many_threads_there_are_does_not_matter(engine):
    model, dictionary = engine
    ids, before = model.tokenize(PROMPT).ids, torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            prompt = PromptBatch(model, dictionary, ids[None])
            found.append((attribute(model, dictionary, ids), last_logits(prompt, options())))
    finally:
        torch.set_num_threads(before)
    (first, alone), (second, both) = found
    np.testing.assert_array_equal(first.nodes.index, second.nodes.index)
    np.testing.assert_allclose(edges(first), edges(second), **EDGES)
    torch.testing.assert_close(alone, both, **LOGITS)
