"""The index of features as files: words with their features, texts to show, and what leads there.

`index.json` names the features' groups in order (a feature's number is its place among all), and
for each file of words its first word, that word's first feature there, and its bytes. Files of
words hold neighbouring words; files of texts hold 256 features each. `frequent.words` holds the
words to correct a misspelt one with. A site without features has no index.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from atlas.dashboards.shard_arrays import ArrayFile, smallest
from site_builder.feature_search.postings import Block, Inversion
from site_builder.feature_search.texts import FeatureText

VERSION = 1
INDEX_FILE = "index.json"
FREQUENT_FILE = "frequent.words"


@dataclass(frozen=True)
class IndexSettings:
    """How the files are cut. Fixed for published sites; tests make small ones."""

    words_bytes: int = 20_000  # of a file of words before packing: some 14 KB over the wire
    texts: int = 256  # features of a file of texts: some 14 KB over the wire, 4,000 of a million
    block: int = 32_768  # postings that stay together
    frequent: int = 10_000  # words: some 45 KB, read once, only after a word that is not there
    shortest_corrected: int = 4  # characters; below this every word is near to another


@dataclass(frozen=True)
class FeatureGroup:
    """The features of one layer of a dictionary."""

    model: str
    dictionary: str
    layer: int
    features: int

    @property
    def order(self) -> tuple[str, int, str]:
        """Where the group stands: facets are then few ranges of numbers."""
        return (self.model, self.layer, self.dictionary)


@dataclass(frozen=True)
class WrittenIndex:
    """What was written."""

    features: int
    words: int
    files: int


def write_index(
    groups: Sequence[FeatureGroup],
    texts: Iterable[FeatureText],
    folder: Path,
    settings: IndexSettings = IndexSettings(),
) -> WrittenIndex:
    """Write the index of features whose texts come in the order of their sorted groups."""
    folder.mkdir(parents=True)
    inversion = Inversion()
    sizes = [
        write_texts(chunk, folder / f"{number}.texts")
        for number, chunk in enumerate(chunks(collected(texts, inversion), settings.texts))
    ]
    shards = []
    for number, blocks in enumerate(packed(inversion.blocks(settings.block), settings.words_bytes)):
        size = write_words(blocks, folder / f"{number}.words")
        shards.append([blocks[0].word, blocks[0].first, size])
    frequent = write_frequent(inversion, folder / FREQUENT_FILE, settings)
    index = {
        "version": VERSION,
        "features": inversion.features,
        "texts": settings.texts,
        "texts_bytes": round(sum(sizes) / max(len(sizes), 1)),
        "frequent_bytes": frequent,
        "groups": [list(asdict(group).values()) for group in groups],
        "words": shards,
    }
    index["index_bytes"] = len(gzip.compress(_compact(index)))  # over the wire, as the others
    (folder / INDEX_FILE).write_bytes(_compact(index))
    return WrittenIndex(inversion.features, len(inversion.numbers), len(sizes) + len(shards) + 2)


def _compact(index: Mapping[str, Any]) -> bytes:
    return json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode()


def collected(texts: Iterable[FeatureText], inversion: Inversion) -> Iterator[FeatureText]:
    """The texts as they come, each also given to the inversion."""
    for text in texts:
        inversion.add(text)
        yield text


def chunks(texts: Iterator[FeatureText], size: int) -> Iterator[list[FeatureText]]:
    """The texts in lists of a size, the last one shorter."""
    chunk: list[FeatureText] = []
    for text in texts:
        chunk.append(text)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def packed(blocks: Iterator[Block], size: int) -> Iterator[list[Block]]:
    """Neighbouring blocks in lists of about a size."""
    pack: list[Block] = []
    weight = 0
    for block in blocks:
        length = len(block.data) + len(block.word) + 3
        if pack and weight + length > size:
            yield pack
            pack, weight = [], 0
        pack.append(block)
        weight += length
    if pack:
        yield pack


def write_texts(texts: Sequence[FeatureText], path: Path) -> int:
    """Write what results show of some features; give the bytes."""
    rows = [[each.label, int(each.curated), each.triggers, each.promoted] for each in texts]
    return path.write_bytes(ArrayFile({"texts": rows}, {}).packed())


def write_words(blocks: Sequence[Block], path: Path) -> int:
    """Write some words with their postings; give the bytes."""
    arrays = {
        "sizes": smallest(np.array([len(block.data) for block in blocks])),
        "postings": np.frombuffer(b"".join(block.data for block in blocks), dtype=np.uint8),
    }
    return path.write_bytes(ArrayFile({"words": [b.word for b in blocks]}, arrays).packed())


def write_frequent(inversion: Inversion, path: Path, settings: IndexSettings) -> int:
    """Write the words that a misspelt one may stand for, most features first; give the bytes."""
    found = inversion.frequent(settings.frequent, settings.shortest_corrected)
    return path.write_bytes(ArrayFile({"words": [word for word, _ in found]}, {}).packed())
