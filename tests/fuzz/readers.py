"""Every reader of a file that somebody else wrote, with a good file to start from."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import save

from atlas.dashboards import neuronpedia_json as features_json
from atlas.dashboards.neuronpedia_bulk import read_source, write_source
from atlas.entries.checks import check
from atlas.entries.drafts.from_form import write_from_form
from atlas.entries.journal import read_journal
from atlas.entries.library import Library
from atlas.entries.retrained import read_retrained
from atlas.graphs.neuronpedia_read import read_imported
from atlas.graphs.neuronpedia_write import write_graph
from atlas.models.checkpoints import circuit_tracer, saelens
from atlas.models.shapes import model_shape
from atlas.runs.results import read_result_file
from tests.dashboards.planted_table import planted_table
from tests.entries import sample_library
from tests.entries.filled_forms import filled
from tests.fuzz.array_readers import FEATURES, WEIGHTS, WIDTH, array_readers
from tests.fuzz.inputs import anything_like, json_like
from tests.fuzz.reader import Reader, of_file
from tests.graphs.hand_graphs import small_graph
from tests.site_builder.example_journal import write_journal


def readers(folder: Path) -> dict[str, Reader]:
    """All readers by name; `folder` is theirs to write in."""
    return {
        "a circuit's YAML": _entry(
            folder / "library", "circuits/from-city-to-capital/circuit.yaml"
        ),
        "a model's YAML": _entry(folder / "models", "models/small.yaml"),
        "a circuit's prompts": _entry(
            folder / "prompts", "circuits/from-city-to-capital/prompts.jsonl"
        ),
        "a filled form": _filled_form(folder / "forms"),
        "a circuit in retrained weights": _retrained(folder / "retrained.json"),
        "a graph (Neuronpedia JSON)": _graph_json(folder / "graph.json"),
        "a feature (Neuronpedia JSON)": _feature_json(folder / "feature.json"),
        "features (Neuronpedia's export)": _feature_export(folder / "export"),
        "a dictionary's config.yaml": _transcoder_config(folder / "transcoders"),
        "a dictionary's cfg.json": _autoencoder_config(folder / "autoencoder"),
        "a model's config.json": _model_config(folder / "model"),
        "a result": _result(folder / "result.json"),
        "the nightly journal": _journal(folder / "journal"),
        **array_readers(folder),
    }


def _entry(root: Path, name: str) -> Reader:
    """`atlas check` on one file: problems are its answer, one line each."""
    sample_library.write_library(root)
    path = root / name
    good = path.read_bytes()

    def read(content: bytes) -> object:
        path.write_bytes(content)
        problems = check(Library.open(root), [path]).problems
        for problem in problems:
            assert "\n" not in str(problem)
            assert problem.line >= 1
            assert problem.column >= 1
        return not problems

    return Reader(read, anything_like(good), good)


def _filled_form(root: Path) -> Reader:
    """What a stranger's issue writes, which is nothing but an entry."""
    sample_library.write_library(root)
    good = filled("circuit", model="small", behaviour="two-hop-capital").encode()
    before = {path for path in root.rglob("*") if path.is_file()}

    def read(content: bytes) -> object:
        made = write_from_form(Library.open(root), content.decode("utf-8", "replace"))
        assert all("\n" not in reason for reason in made.reasons)
        assert {path for path in root.rglob("*") if path.is_file()} == before | set(made.files)
        for path in made.files:
            assert root / "circuits" in path.parents or root / "features" in path.parents
            path.unlink()
        if made.files and made.files[0].name == "circuit.yaml":
            made.files[0].parent.rmdir()
        return bool(made.files)

    return Reader(read, anything_like(good), good)


def _graph_json(path: Path) -> Reader:
    write_graph(small_graph(), path, "small-graph")
    good = path.read_bytes()
    return Reader(of_file(path, read_imported), json_like(json.loads(good)), good)


def _feature_json(path: Path) -> Reader:
    example = {"tokens": ["a", "b"], "values": [0.0, 1.5], "binMin": 0.5, "binMax": 2.0,
               "binContains": 0.5, "maxValue": 1.5, "maxValueTokenIndex": 1}  # fmt: skip
    sample = {
        "modelId": "m", "layer": "2-transcoders", "index": "7", "frac_nonzero": 0.25,
        "maxActApprox": 1.5, "activations": [example, example],
        "pos_str": ["x"], "pos_values": [1.0], "neg_str": ["y"], "neg_values": [-1.0],
        "freq_hist_data_bar_heights": [1, 2], "freq_hist_data_bar_values": [0.5, 1.0],
        "topkCosSimIndices": [3], "topkCosSimValues": [0.5],
        "explanations": [{"description": "a label"}],
    }  # fmt: skip
    good = json.dumps(sample).encode()
    return Reader(of_file(path, features_json.read_features), json_like([sample]), good)


def _feature_export(folder: Path) -> Reader:
    """JSON lines of examples beside one good batch of features."""
    table, context = planted_table(2, 4)
    write_source(folder, table.dashboards(context))
    path = folder / "activations" / "batch-0.jsonl.gz"
    line = json.loads(gzip.decompress(path.read_bytes()).splitlines()[0])

    def read(content: bytes) -> object:
        path.write_bytes(gzip.compress(content, 1))
        return list(read_source(folder))

    return Reader(read, json_like(line), json.dumps(line).encode())


def _transcoder_config(folder: Path) -> Reader:
    folder.mkdir()
    (folder / "layer_0.safetensors").write_bytes(save(WEIGHTS))
    sample = {
        "model_name": "m", "model_kind": "transcoder_set", "feature_input_hook": "mlp.hook_in",
        "feature_output_hook": "mlp.hook_out", "activation": "relu",
    }  # fmt: skip
    read = of_file(folder / "config.yaml", lambda path: circuit_tracer.load(path.parent))
    inputs = json_like(sample, lambda value: yaml.safe_dump(value, allow_unicode=True).encode())
    return Reader(read, inputs, yaml.safe_dump(sample).encode())


def _autoencoder_config(folder: Path) -> Reader:
    folder.mkdir()
    turned = WEIGHTS | {"W_enc": WEIGHTS["W_enc"].T.contiguous()}
    (folder / "sae_weights.safetensors").write_bytes(save(turned))
    sample = {
        "architecture": "standard", "d_in": WIDTH, "d_sae": FEATURES, "dtype": "float32",
        "apply_b_dec_to_input": True, "normalize_activations": "none",
        "metadata": {"hook_name": "blocks.0.hook_resid_post", "model_name": "m"},
    }  # fmt: skip
    read = of_file(folder / "cfg.json", lambda path: saelens.load(path.parent))
    return Reader(read, json_like(sample), json.dumps(sample).encode())


def _model_config(folder: Path) -> Reader:
    folder.mkdir()
    sample = {
        "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 11,
        "num_key_value_heads": 1, "head_dim": 4, "intermediate_size": 16,
        "tie_word_embeddings": True,
    }  # fmt: skip
    read = of_file(folder / "config.json", lambda path: model_shape(path.parent))
    return Reader(read, json_like(sample), json.dumps(sample).encode())


def _measured() -> dict[str, Any]:
    """One measurement, as results and retrained circuits hold it."""
    control = {
        "kind": "matched", "draws": [0.1], "median": 0.1, "p_value": 0.5,
        "difference_interval": [0.1, 0.2], "exhaustive": False, "larger_sets": 0,
    }  # fmt: skip
    return {
        "claim": "c", "metric": "probability", "of": "target", "unit": "probability", "n": 100,
        "before": 0.5, "after": 0.2, "value": 0.3, "interval": [0.2, 0.4], "control": control,
        "wrong_target": None, "mode": "iterative", "seed": 0, "dtype": "float32", "device": "cpu",
        "matched_rows": 100, "unmatched_rows": 0, "entity": "city", "entities": 3, "templates": 2,
    }  # fmt: skip


def _retrained(path: Path) -> Reader:
    once = {
        "varied": "model", "seed": 1, "weights_digest": "0", "question": "0", "unmeasured": "",
        "versions": {"torch": "2.13.0"}, "parts": {"state": {"Texas": ["1-7"], "": []}},
        "measurements": [_measured()],
    }  # fmt: skip
    sample = {"schema_version": 1, "retrained": [once]}
    return Reader(of_file(path, read_retrained), json_like(sample), json.dumps(sample).encode())


def _result(path: Path) -> Reader:
    provenance = dict.fromkeys(
        ("entry_digest", "prompts_digest", "notebook_digest", "code_digest", "weights_digest"), "0"
    )
    sample: dict[str, Any] = {
        "schema_version": 1, "entry": "e", "kind": "circuit", "measurements": [_measured()],
        "provenance": {**provenance, "versions": {}, "run": {"started": "2026-01-01T00:00:00"}},
    }  # fmt: skip

    def read(path: Path) -> object:
        found = read_result_file(path)
        return None if found is None else (found.started, found.by_claim())

    return Reader(of_file(path, read), json_like(sample), json.dumps(sample).encode())


def _journal(folder: Path) -> Reader:
    write_journal(folder, ["one"])
    good = (folder / "latest.json").read_bytes()

    def read(path: Path) -> object:
        found = read_journal(path.parent)
        return found and (found.bad_since("one"), found.changed_on(found.latest.night))

    return Reader(of_file(folder / "latest.json", read), json_like(json.loads(good)), good)
