"""Tries inputs on one reader of the engine, chosen by what code the inputs before them reached.

python -m tests.fuzz.guided READER INPUTS FOLDER

libFuzzer, by way of atheris, keeps each input that reaches something new in FOLDER/kept/<reader>
and goes on from those: it changes bytes, and this module parts of values in JSON, lines of JSON and
YAML, also inside archives and behind lengths. At the end it ends the process, so each reader has
one of its own; the figures are in FOLDER/<reader>.json by then.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import atheris
import yaml

with atheris.instrument_imports(include=["atlas"], enable_loader_override=False):
    from tests.fuzz.reader import Reader
    from tests.fuzz.readers import readers

from atlas.files.whole import write_whole
from tests.fuzz.containers import opened
from tests.fuzz.edits import FAR, ODD_VALUES, PIECES, edited, replaced
from tests.fuzz.try_inputs import LARGEST_GROWTH, is_read

MEMORY = "/dev/shm"  # where a file that is written anew for each input meets no disk
Change = tuple[int, Any, bool]  # which part, what stands there then, or whether it is left out
LONGEST_READ = 60  # seconds; libFuzzer counts whole ones, whoever has the processor
LARGEST_MEMORY = 4096  # MiB at any moment, where libFuzzer ends it
LONGEST_INPUT = 20_000  # bytes, or twice the good one where that is more


def main(name: str, inputs: int, folder: Path) -> None:
    """Never returns; the exit code is 0 if every input was read or refused in one line."""
    memory = MEMORY if Path(MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="atlas-fuzz-", dir=memory) as place:
        reader = readers(Path(place))[name]
        kept = folder / "kept" / name
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "good").write_bytes(reader.good)
        longest = max(LONGEST_INPUT, 2 * len(reader.good))
        words = [
            f"-runs={inputs}", f"-max_len={longest}", f"-timeout={LONGEST_READ}",
            f"-rss_limit_mb={LARGEST_MEMORY}", f"-artifact_prefix={folder}/failed-", "-verbosity=0",
        ]  # fmt: skip
        trial = _Trial(reader, inputs, folder / f"{name}.json", kept)
        atheris.Setup([sys.argv[0], str(kept), *words], trial.give, custom_mutator=mutated)
        atheris.Fuzz()


class _Trial:
    """Gives inputs to a reader, counts, and writes the figures after the last one. Final."""

    def __init__(self, reader: Reader, inputs: int, figures: Path, kept: Path) -> None:
        self._reader, self._inputs, self._figures, self._kept = reader, inputs, figures, kept
        self._before, self._began = reader.memory(), time.perf_counter()
        self._came: Counter[bool] = Counter()
        self._slowest = 0.0

    def give(self, content: bytes) -> None:
        begin = time.perf_counter()
        self._came[is_read(self._reader, bytes(content))] += 1
        self._slowest = max(self._slowest, time.perf_counter() - begin)
        if self._came.total() == self._inputs:
            grown = self._reader.memory() - self._before
            assert grown < LARGEST_GROWTH
            figures = {
                "read": self._came[True], "refused": self._came[False],
                "kept": len(list(self._kept.iterdir())), "slowest_s": self._slowest,
                "seconds": time.perf_counter() - self._began, "grown_mib": grown,
            }  # fmt: skip
            write_whole(self._figures, json.dumps(figures, indent=1).encode())


def mutated(content: bytes, longest: int, seed: int) -> bytes:
    """Another input: a part of it changed, or what wraps its parts."""
    chance = random.Random(seed)
    if chance.random() < 0.8:
        part, put = opened(content, chance.randrange(FAR))
        return put(_changed(part, longest, chance))[:longest]
    return _changed(content, longest, chance)


def _changed(content: bytes, longest: int, chance: random.Random) -> bytes:
    """A part of a value replaced, an odd piece put in, or bytes changed."""
    way = chance.random()
    if way < 0.4:
        return bytes(atheris.Mutate(content, longest))
    if way < 0.5:
        return edited(content, [("insert", chance.randrange(FAR), chance.choice(PIECES))])[:longest]
    change = (chance.randrange(FAR), chance.choice(ODD_VALUES), chance.random() < 0.3)
    for try_in in (_in_json, _in_line, _in_yaml):
        try:
            return try_in(content, change)[:longest]
        except (ValueError, TypeError, RecursionError, yaml.YAMLError):
            continue  # it is not written so
    return bytes(atheris.Mutate(content, longest))


def _in_json(content: bytes, change: Change) -> bytes:
    return json.dumps(replaced(json.loads(content), [change])).encode()


def _in_line(content: bytes, change: Change) -> bytes:
    lines = content.split(b"\n")
    at = change[0] % len(lines)
    lines[at] = _in_json(lines[at], change)
    return b"\n".join(lines)


def _in_yaml(content: bytes, change: Change) -> bytes:
    """As JSON, which YAML contains."""
    return json.dumps(replaced(yaml.load(content, yaml.CSafeLoader), [change])).encode()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
