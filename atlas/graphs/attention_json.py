"""Attention scores as JSON: what `atlas qk` prints, and what reads it back."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from atlas.errors import GraphFormatError
from atlas.graphs.attention_score import (
    AttentionScore,
    HeadPlace,
    KeyScore,
    PairTable,
    SourcePairs,
)
from atlas.graphs.neuronpedia_block import small_integer
from atlas.graphs.neuronpedia_file import check, integer, number, read_json, text
from atlas.graphs.nodes import NODE_DTYPES, NodeKind, NodeTable

FORMAT = "llm-circuits-atlas attention score"
FORMAT_VERSION = 1
KINDS = {NodeKind(kind).name.lower(): kind for kind in NodeKind if kind <= NodeKind.CONSTANT}


def score_values(score: AttentionScore) -> dict[str, Any]:
    """A score as JSON values; `read_score_values` gives it back."""
    table, pairs = score.table, score.strongest
    strongest = zip(pairs.query.tolist(), pairs.key.tolist(), pairs.value.tolist(), strict=True)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "model": score.model,
        "dictionary": score.dictionary,
        "prompt": score.prompt,
        "tokens": list(score.tokens),
        "place": asdict(score.place),
        "score": score.score,
        "keys": [asdict(key) for key in score.keys],
        "sources": [_source(score, node) for node in range(len(score.sources))],
        "query_rest": score.query_rest,
        "key_rest": score.key_rest,
        "table": {
            "query": table.query.tolist(),
            "key": table.key.tolist(),
            "values": table.values.tolist(),
        },
        "strongest": [list(pair) for pair in strongest],
        "closure_gap": score.closure_gap(),
    }


def read_score(path: Path) -> AttentionScore:
    """The score in a file that `atlas qk --format json` wrote; GraphFormatError if it is none."""
    return read_score_values(read_json(path), str(path))


def read_score_values(values: Any, where: str) -> AttentionScore:
    """The score that `score_values` described; raises GraphFormatError if it is none."""
    check(isinstance(values, dict), where, "a JSON object", values)
    check(values.get("format") == FORMAT, f"{where}: format", repr(FORMAT), values.get("format"))
    version = values.get("format_version")
    check(version == FORMAT_VERSION, f"{where}: format_version", str(FORMAT_VERSION), version)
    tokens = _list(values, "tokens", where)
    sources = _list(values, "sources", where)
    keys = [_key(each, f"{where}: keys") for each in _list(values, "keys", where)]
    place = _place(values.get("place"), f"{where}: place", len(tokens))
    expected = [place.key] if place.foil is None else [place.key, place.foil]
    check([key.position for key in keys] == expected, f"{where}: keys", str(expected), keys)
    nodes = _nodes(sources, f"{where}: sources", len(tokens))
    marginals = [
        np.array([number(each.get(name), f"{where}: {name}") for each in sources], np.float64)
        for name in ("query_marginal", "key_marginal")
    ]
    return AttentionScore(
        place=place,
        score=number(values.get("score"), f"{where}: score"),
        keys=tuple(keys),
        model=text(values.get("model"), f"{where}: model"),
        dictionary=text(values.get("dictionary"), f"{where}: dictionary"),
        prompt=text(values.get("prompt"), f"{where}: prompt"),
        tokens=tuple(text(token, f"{where}: tokens") for token in tokens),
        sources=nodes,
        query_marginals=marginals[0],
        key_marginals=marginals[1],
        query_rest=number(values.get("query_rest"), f"{where}: query_rest"),
        key_rest=number(values.get("key_rest"), f"{where}: key_rest"),
        table=_table(values.get("table"), f"{where}: table", len(sources)),
        strongest=_pairs(_list(values, "strongest", where), f"{where}: strongest", len(sources)),
    )


def _source(score: AttentionScore, node: int) -> dict[str, Any]:
    nodes = score.sources
    columns = {name: getattr(nodes, name)[node].item() for name in NODE_DTYPES if name != "kind"}
    return {
        "name": score.name(node),
        "kind": NodeKind(int(nodes.kind[node])).name.lower(),
        **columns,
        "label": nodes.label[node],
        "query_marginal": float(score.query_marginals[node]),
        "key_marginal": float(score.key_marginals[node]),
    }


def _nodes(sources: list[Any], where: str, length: int) -> NodeTable:
    columns: dict[str, list[float]] = {name: [] for name in NODE_DTYPES}
    for each in sources:
        check(isinstance(each, dict), where, "objects", each)
        kind = text(each.get("kind"), f"{where}.kind")
        check(kind in KINDS, f"{where}.kind", " or ".join(KINDS), kind)
        columns["kind"].append(KINDS[kind])
        columns["value"].append(number(each.get("value"), f"{where}.value"))
        for name in ("layer", "position", "index"):
            found = small_integer(each.get(name), f"{where}.{name}", NODE_DTYPES[name])
            columns[name].append(found)
        position = columns["position"][-1]
        check(position < length, f"{where}.position", f"below {length}", position)
    labels = tuple(text(each.get("label"), f"{where}.label") for each in sources)
    arrays = {name: np.array(columns[name], dtype) for name, dtype in NODE_DTYPES.items()}
    return NodeTable(**arrays, label=labels)


def _place(values: Any, where: str, length: int) -> HeadPlace:
    check(isinstance(values, dict), where, "an object", values)
    found: dict[str, int | None] = {}
    for field in fields(HeadPlace):
        given = values.get(field.name)
        if field.name == "foil" and given is None:
            continue
        found[field.name] = small_integer(given, f"{where}.{field.name}", np.dtype(np.int32))
        limit = length if field.name in ("query", "key", "foil") else np.iinfo(np.int32).max
        check(0 <= found[field.name] < limit, f"{where}.{field.name}", f"0 to {limit - 1}", given)  # type: ignore[operator]
    return HeadPlace(**found)  # type: ignore[arg-type]


def _key(values: Any, where: str) -> KeyScore:
    check(isinstance(values, dict), where, "objects", values)
    capped = values.get("soft_capped")
    return KeyScore(
        position=integer(values.get("position"), f"{where}.position"),
        score=number(values.get("score"), f"{where}.score"),
        soft_capped=None if capped is None else number(capped, f"{where}.soft_capped"),
        weight=number(values.get("weight"), f"{where}.weight"),
    )


def _table(values: Any, where: str, sources: int) -> PairTable:
    check(isinstance(values, dict), where, "an object", values)
    query = _places(_list(values, "query", where), f"{where}.query", sources)
    key = _places(_list(values, "key", where), f"{where}.key", sources)
    rows = _list(values, "values", where)
    fits = len(rows) == len(query) + 1 and all(
        isinstance(row, list) and len(row) == len(key) + 1 for row in rows
    )
    shape = f"{len(query) + 1} rows of {len(key) + 1} numbers"
    check(fits, f"{where}.values", shape, f"{len(rows)} rows")
    cells = [[number(cell, f"{where}.values") for cell in row] for row in rows]
    return PairTable(query, key, np.array(cells, np.float64))


def _pairs(values: list[Any], where: str, sources: int) -> SourcePairs:
    for each in values:
        check(isinstance(each, list) and len(each) == 3, where, "lists of 3", each)
    columns: Float64[np.ndarray, " pair"] = np.array(
        [number(each[2], where) for each in values], np.float64
    )
    query, key = (_places([each[end] for each in values], where, sources) for end in (0, 1))
    return SourcePairs(query, key, columns)


def _places(values: list[Any], where: str, sources: int) -> Int64[np.ndarray, " place"]:
    found = [integer(value, where) for value in values]
    outside = [place for place in found if not 0 <= place < sources]
    if outside:
        raise GraphFormatError(where, f"places below {sources}", str(outside[0]))
    return np.array(found, dtype=np.int64)


def _list(values: dict[str, Any], name: str, where: str) -> list[Any]:
    found = values.get(name)
    check(isinstance(found, list), f"{where}: {name}", "a list", found)
    return list(found or [])
