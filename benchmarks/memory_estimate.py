"""The estimate of memory beside what `atlas trace` had at most.

`python -m benchmarks.memory_estimate` measures memory of the process's own, not that of mapped
files (see `benchmarks.peak`); each row is a process. It writes the models of the other benchmarks
into `build/benchmarks` if they are not there.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from atlas.models.memory import PROCESS, Holding, Needs, RunSize, to_load, to_trace
from atlas.models.memory_of_gradients import GradientRun, to_trace_by_gradients
from atlas.models.shapes import DictionaryShape, ModelShape, dictionary_shape, model_shape
from benchmarks.peak import Peak
from benchmarks.random_models import MEDIUM, SMALL, RandomModel, write, write_autoencoders

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "benchmarks"
LOGITS = 10  # rows beside those of features


@dataclass(frozen=True)
class Case:
    """One run."""

    name: str
    tokens: int
    rows: int
    options: tuple[str, ...] = ()
    dictionary: str = "transcoders"  # or saes, whose graphs are approximate


CASES = (
    Case("microworld", 16, 1024),
    Case("small", 16, 1024),
    Case("small", 48, 4096),
    Case("medium", 16, 1024),
    Case("medium", 48, 1024),
    Case("medium", 16, 1024, ("--dtype", "bfloat16")),
    Case("medium", 16, 1024, ("--stream",)),
    Case("microworld", 16, 1024, (), "saes"),
    Case("small", 16, 1024, (), "saes"),
    Case("small", 48, 2048, (), "saes"),
    Case("medium", 16, 1024, (), "saes"),
    Case("medium", 16, 1024, ("--stream",), "saes"),
)
MODELS: dict[str, RandomModel] = {"small": SMALL, "medium": MEDIUM}


def folders(case: Case) -> tuple[Path, Path]:
    """Where a model and a dictionary of it lie."""
    if case.name == "microworld":
        weights = ROOT / "microworld" / "weights"
        return weights / "model", weights / case.dictionary
    folder = write(MODELS[case.name], BUILD / case.name)
    if case.dictionary == "saes":
        write_autoencoders(MODELS[case.name], folder)
    return folder / "model", folder / case.dictionary


def estimate(case: Case) -> int:
    """Bytes that a case should take."""
    model, dictionary = folders(case)
    weights = case.options[1] if "--dtype" in case.options else None
    holding = Holding(weights=weights, stream="--stream" in case.options)
    shapes = model_shape(model), dictionary_shape(dictionary)
    return PROCESS + (to_load(*shapes, holding) + _to_trace(case, shapes, holding)).memory_bytes


def _to_trace(
    case: Case, shapes: tuple[ModelShape, DictionaryShape | None], holding: Holding
) -> Needs:
    if case.dictionary != "saes":
        return to_trace(*shapes, holding, RunSize(case.tokens, case.rows + LOGITS))
    model, dictionary = shapes
    features = dictionary.features if dictionary else 0
    run = GradientRun(case.tokens, case.rows + LOGITS, model.layers, side_by_side=False)
    return to_trace_by_gradients(model, features, holding, run)


def measure(case: Case) -> dict[str, float]:
    """The most memory that a case took."""
    model, dictionary = folders(case)
    words = words_of(case)
    command = [sys.executable, "-m", "atlas", "trace", "--model", str(model), "--dictionary"]
    command += [str(dictionary), "--prompt", words, "--max-feature-nodes", str(case.rows)]
    process = subprocess.Popen([*command, *case.options], stdout=subprocess.DEVNULL)
    peak = Peak(process.pid)
    peak.watch(process)
    if process.returncode:
        raise SystemExit(f"{case}: exit code {process.returncode}")
    return peak.figures()


def words_of(case: Case) -> str:
    """A prompt of so many tokens, the first one included."""
    if case.name == "microworld":
        sentence = ["the", "capital", "of", "the", "state", "containing", "Dallas", "is"]
        return " ".join((sentence * case.tokens)[: case.tokens - 1])
    return " ".join(f"w{7 + 31 * number % 3000}" for number in range(case.tokens - 1))


def main() -> None:
    """One line per case."""
    print("| model / tokens / rows | estimate | measured | ratio | with mapped files |")
    print("|---|---|---|---|---|")
    for case in CASES:
        expected, found = estimate(case), measure(case)
        options = " ".join([*case.options, *[case.dictionary] * (case.dictionary == "saes")])
        title = f"{case.name} / {case.tokens} / {case.rows} {options}".strip()
        own = found["own_bytes"]
        figures = f"{expected / 1e9:.2f} GB | {own / 1e9:.2f} GB | {expected / own:.2f}"
        print(f"| {title} | {figures} | {found['resident_bytes'] / 1e9:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
