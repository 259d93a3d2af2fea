"""Whether a model and a run fit into memory, asked before they are begun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from atlas.commands.placement import FULL, Placement
from atlas.errors import AtlasError, OutOfMemory
from atlas.methods.attribute import AttributionSettings
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.methods.sae_attribution.sources import ADDED_SITES
from atlas.models.devices import check_device, free_on
from atlas.models.dictionaries import SparseAutoencoderSet
from atlas.models.free_memory import free_memory
from atlas.models.memory import Holding, Needs, RunSize, to_load, to_trace
from atlas.models.memory_of_gradients import GradientRun, to_trace_by_gradients
from atlas.models.shapes import DictionaryShape, ModelShape, dictionary_shape, model_shape

LOGITS = 10  # rows beside those of features
Estimate = Callable[[Holding], Needs]
NO_WAY_OUT = "take a smaller model, a shorter prompt, or a machine with more memory"


@dataclass(frozen=True)
class Fit:
    """A model and a dictionary on this machine; where sizes are not known, nothing is refused."""

    model: ModelShape | None
    dictionary: DictionaryShape | None
    placement: Placement
    neurons: bool = False  # instead of a dictionary

    @classmethod
    def of(cls, model: Path | None, dictionary: Path | None, placement: Placement) -> Fit:
        """What the files in two folders say."""
        try:
            return cls(
                None if model is None else model_shape(model),
                None if dictionary is None else dictionary_shape(dictionary),
                placement,
            )
        except AtlasError:  # whoever loads them says it better
            return cls(None, None, placement)

    def check_loading(self) -> None:
        """Refuse what would not fit when it is loaded; OutOfMemory says the figures."""
        model = self.model
        if model is not None:
            self._check("to load it", lambda holding: to_load(model, self.dictionary, holding), [])

    def check_tracing(self, tokens: int, settings: AttributionSettings) -> None:
        """Refuse a trace that would not fit beside what is loaded; OutOfMemory as above."""
        model = self.model
        if model is None:
            return
        run = replace(run_size(model, tokens, settings), neurons=self.neurons)

        def estimate(run: RunSize) -> Needs:
            return to_trace(model, self.dictionary, holding_of(self.placement), run)

        fewer = (replace(run, rows=run.rows >> halvings) for halvings in range(1, 7))
        fewer = (each for each in fewer if each.rows)
        others = [(f"--max-feature-nodes {each.rows}", estimate(each)) for each in fewer]
        shorter = (replace(run, tokens=run.tokens >> halvings) for halvings in range(1, 5))
        shorter = (each for each in shorter if each.tokens)
        others += [(f"a prompt of {each.tokens} tokens", estimate(each)) for each in shorter]
        wanted = f"to trace {run.tokens} tokens with {run.rows} rows"
        self._check(wanted, lambda holding: to_trace(model, self.dictionary, holding, run), others)

    def check_gradients(
        self, tokens: int, dictionary: SparseAutoencoderSet, settings: SaeAttributionSettings
    ) -> None:
        """Refuse an approximate trace that would not fit; OutOfMemory as above."""
        model = self.model
        if model is None:
            return
        run = gradient_run(tokens, dictionary, settings)
        features = max(map(dictionary.features, dictionary.layer_numbers))

        def estimate(run: GradientRun, holding: Holding | None = None) -> Needs:
            held = holding or holding_of(self.placement)
            return to_trace_by_gradients(model, features, held, run)

        rows = (run.rows >> halvings for halvings in range(1, 7))
        fewer = (replace(run, rows=LOGITS + each) for each in rows if each)
        others = [(f"--max-feature-nodes {each.rows - LOGITS}", estimate(each)) for each in fewer]
        shorter = (run.tokens >> halvings for halvings in range(1, 5))
        others += [
            (f"a prompt of {each} tokens", estimate(replace(run, tokens=each)))
            for each in shorter
            if each
        ]
        wanted = f"to trace {run.tokens} tokens by gradients with {run.rows} rows"
        self._check(wanted, lambda holding: estimate(run, holding), others)

    def _check(self, wanted: str, estimate: Estimate, others: list[tuple[str, Needs]]) -> None:
        check_device(self.placement.device)
        needs = estimate(holding_of(self.placement))
        lacking = lacks(needs, self.placement.device)
        if self.placement.anyway or lacking is None:
            return
        place, free = lacking
        parts = needs.accelerator if place != "memory" else needs.memory
        items = ", ".join(f"{name} {gigabytes(size)}" for name, size in parts.items() if size)
        found = self._ways_out(estimate, others)
        action = f"use {' or '.join(found)}" if found else NO_WAY_OUT
        raise OutOfMemory(
            place,
            f"{gigabytes(sum(parts.values()))} {wanted} ({items})",
            f"{gigabytes(free)} free",
            f"{action}; --anyway goes on all the same",
        )

    def _ways_out(self, estimate: Estimate, others: list[tuple[str, Needs]]) -> list[str]:
        """Options with which it would fit, with what they take."""
        found = []
        for words, placement in _alternatives(self.placement):
            needs = estimate(holding_of(placement))
            if lacks(needs, placement.device) is None:
                found.append(f"{words} ({gigabytes(needs.memory_bytes)} of memory)")
        fitting = (words for words, needs in others if lacks(needs, self.placement.device) is None)
        return [*found, *list(fitting)[:1]]


def run_size(model: ModelShape, tokens: int, settings: AttributionSettings) -> RunSize:
    """What of a trace sets its memory; how many features are active is not known before it."""
    size = RunSize(tokens, LOGITS, settings.rows_per_chunk, settings.chunk_bytes)
    active = size.active * model.layers * tokens
    return replace(size, rows=LOGITS + min(settings.max_feature_nodes or active, active))


def gradient_run(
    tokens: int, dictionary: SparseAutoencoderSet, settings: SaeAttributionSettings
) -> GradientRun:
    """What of an approximate trace sets its memory."""
    layers = len(dictionary.layer_numbers)
    side_by_side = dictionary.feature_input in ADDED_SITES
    size = GradientRun(tokens, LOGITS, layers, side_by_side, settings.rows_per_chunk)
    active = size.active * layers * tokens
    return replace(size, rows=LOGITS + min(settings.max_feature_nodes or active, active))


def holding_of(placement: Placement) -> Holding:
    """How a model would be held."""
    settings = placement.settings
    accelerator = placement.device.startswith("cuda")
    return Holding(accelerator, settings.dtype, settings.weights, settings.stream)


def lacks(needs: Needs, device: str) -> tuple[str, int] | None:
    """Where memory is too small, and how much is free there; None where all fits."""
    free = free_memory()
    if free is not None and needs.memory_bytes > free:
        return "memory", free
    on_device = free_on(device)
    if on_device is not None and needs.accelerator_bytes > on_device:
        return f"memory of {device}", on_device
    return None


def gigabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e9:.2f} GB"


def _alternatives(placement: Placement) -> Iterator[tuple[str, Placement]]:
    if not placement.stream:
        yield "--stream", replace(placement, stream=True, dtype=FULL)
        if placement.dtype == FULL:
            yield "--dtype bfloat16", replace(placement, dtype="bfloat16")
    if placement.device != "cpu":
        yield "--device cpu", replace(placement, device="cpu")
