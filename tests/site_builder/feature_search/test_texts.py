"""The texts of features as they come out of shards, and the index of the example site."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from atlas.dashboards.shard_arrays import ArrayFile
from atlas.dashboards.shards import shards
from atlas.errors import BadInput, UnknownFormat
from site_builder.dashboards import read_dashboards
from site_builder.feature_search.build import FOLDER, write_feature_index
from site_builder.feature_search.texts import LONGEST_TEXT, TOKENS, shard_texts, shown
from site_builder.part_nodes import WORD_MARKS
from site_builder.reading import read_site
from tests.dashboards.planted_table import planted_table
from tests.site_builder.built_site import built_site, example_library
from tests.site_builder.example_dashboards import FEATURES, write_dashboards
from tests.site_builder.example_dashboards import TOKENS as STRINGS

LAYER, SIZE = 4, 200


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    table, context = planted_table(LAYER, FEATURES, STRINGS)
    path = tmp_path_factory.mktemp("shards") / "4-200.shard"
    path.write_bytes(list(shards(table, context, SIZE))[1][1].packed())
    return table, context, path


def distinct(tokens):
    found = dict.fromkeys(shown(each.strip(WORD_MARKS)) for each in tokens)
    return tuple(each for each in found if each)[:TOKENS]


def test_texts_are_those_of_the_dashboards(planted):
    table, context, path = planted
    texts = list(shard_texts(path, {SIZE + 7: "mine"}))
    assert len(texts) == SIZE
    for row, text in enumerate(texts):
        known = table.dashboard(SIZE + row, context)
        assert text.promoted == distinct(each.token for each in known.promoted)
        assert text.triggers == distinct(each.tokens[each.peak] for each in known.top)
        assert all(len(each) <= LONGEST_TEXT for each in (*text.promoted, *text.triggers))
        automatic = shown(known.labels[0].text) if known.labels else ""
        assert (text.label, text.curated) == (("mine", True) if row == 7 else (automatic, False))


def test_automatic_labels_join_where_a_shard_has_them(planted, tmp_path):
    _, _, path = planted
    shard = ArrayFile.read(path)
    starts = np.zeros(SIZE + 1, dtype=np.uint8)
    starts[3:] = 2  # the third feature has two, the others none
    header = {**shard.header, "label_texts": ["months of the year", "dates"]}
    labelled = replace(shard, header=header, arrays={**shard.arrays, "label_starts": starts})
    (tmp_path / "4-200.shard").write_bytes(labelled.packed())
    texts = list(shard_texts(tmp_path / "4-200.shard", {SIZE + 1: "mine"}))
    assert [each.label for each in texts[:4]] == ["", "mine", "months of the year", ""]
    assert [each.curated for each in texts[:4]] == [False, True, False, False]


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "0-0.shard"
    path.write_bytes(ArrayFile({"first": 0}, {}).packed())
    with pytest.raises(UnknownFormat, match="dashboards"):
        list(shard_texts(path, {}))


def test_a_missing_shard_is_named(tmp_path):
    folder = write_dashboards(tmp_path / "dashboards")
    (folder / "microworld" / "transcoders" / "4-256.shard").unlink()
    site = replace(read_site(example_library(), None, {}), dashboards=read_dashboards(folder))
    with pytest.raises(BadInput, match="4-256"):
        write_feature_index(site, tmp_path / "source")


def test_a_site_without_dashboards_has_no_index(tmp_path):
    assert write_feature_index(read_site(example_library(), None, {}), tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_index_of_a_site_holds_every_feature_in_order():
    folder = built_site().folder / FOLDER
    index = json.loads((folder / "index.json").read_text("utf-8"))
    assert index["groups"] == [["microworld", "transcoders", layer, FEATURES] for layer in (2, 4)]
    rows = [
        row
        for number in range(-(-index["features"] // index["texts"]))
        for row in ArrayFile.read(folder / f"{number}.texts").header["texts"]
    ]
    assert len(rows) == 2 * FEATURES
    assert rows[117][:2] == ["A city in Texas", 1]  # 2-117 has an entry
    firsts = [each[0] for each in index["words"]]
    assert firsts == sorted(firsts, key=lambda word: word.encode("utf-16-be"))
