"""Trains a dictionary into a folder: resumable, measured at the end, written whole or not at all.

While it trains, `<folder>.training` holds the plan and a checkpoint; the same command goes on from
there. The finished folder has the dictionary's own files, `quality.json` and a README for a hub.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from atlas.errors import BadInput, OutOfMemory
from atlas.files.whole import whole_folder, write_whole
from atlas.methods.dictionary_quality import DictionaryQuality, measure_quality
from atlas.methods.token_sequences import TokenSequences
from atlas.methods.train_dictionary import TranscoderTraining, train_transcoders
from atlas.methods.train_end_to_end import EndToEndTraining, train_end_to_end
from atlas.methods.train_sae import SaeTraining, train_saes
from atlas.methods.training.activation_stream import StreamSettings
from atlas.models.checkpoints import circuit_tracer, saelens_save
from atlas.models.checkpoints.weight_files import writing_tensors
from atlas.models.dictionaries import MlpDictionary, SparseAutoencoderSet, TranscoderSet
from atlas.models.free_memory import free_memory
from atlas.models.language_model import LanguageModel
from atlas.runs.dictionary_card import write_card

Kind = Literal["transcoders", "skip-transcoders", "cross-layer", "saes"]
Layout = Literal["circuit-tracer", "saelens"]
QUALITY_FILE = "quality.json"
MEASURED_TOKENS = 20_000  # held-out tokens; more would take longer than they tell
BUFFER_BYTES = 1 << 30  # of activations that wait to be drawn
FLOAT = 4  # bytes


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained, and for how long."""

    kind: Kind
    features: int  # per layer
    k: int = 32  # features active per token on average
    steps: int = 5000  # of `batch_tokens` tokens
    batch_tokens: int = 1024
    learning_rate: float = 1e-3
    fine_tune: int = 0  # further steps on the model's own loss, all MLPs replaced at once
    seed: int = 0
    layout: Layout = "circuit-tracer"  # of transcoders; autoencoders are always in SAELens'


def train_into(
    model: LanguageModel,
    sequences: TokenSequences,
    plan: TrainingPlan,
    folder: Path,
    report: Callable[[object], None],
) -> DictionaryQuality:
    """Train, measure on held-out sequences, and write `folder`; give the measured quality.

    `report` gets a progress record every 50 steps (20 when fine-tuning). The caller holds the
    folder (`only_run`).

    Raises:
        BadInput: the folder exists, a training with another plan is under way there, or the plan
            asks for what does not exist (autoencoders that are fine-tuned, no free memory).
        OutOfMemory: the training would need more memory than this machine has free.
        CannotWrite: no room or no right; the last checkpoint stays.
    """
    work = folder.with_name(f"{folder.name}.training")
    if folder.exists():
        shutil.rmtree(work, ignore_errors=True)  # of a run that was killed after its last step
        raise BadInput(str(folder), "a folder that does not exist yet", "one that does")
    if plan.kind == "saes" and plan.fine_tune:
        raise BadInput("fine-tune", "transcoders", "autoencoders", "leave it out")
    if plan.kind == "cross-layer" and plan.layout == "saelens":
        raise BadInput("layout", "circuit-tracer for a cross-layer transcoder", "saelens")
    needed = memory_needed(model, plan)
    free = free_memory()
    if free is not None and free < needed:
        action = "train fewer features, or on smaller batches"
        raise OutOfMemory("training", f"{needed:,} bytes free", f"{free:,}", action)
    _remember_plan(work, model, plan)
    with writing_tensors(folder.parent), whole_folder(folder) as unfinished:
        trained = _trained(model, sequences, plan, (work, unfinished), report)
        quality = measure_quality(model, trained, sequences.measured(MEASURED_TOKENS))
        text = json.dumps(quality_json(quality), indent=1)
        (unfinished / QUALITY_FILE).write_text(text + "\n", encoding="utf-8")
        named = replace(trained, name=folder.name, model_name=_short_name(model))
        write_card(unfinished, named, quality, plan.layout if plan.kind != "saes" else "saelens")
    shutil.rmtree(work)
    return quality


def quality_json(quality: DictionaryQuality) -> dict[str, object]:
    """The figures as JSON values, six significant digits each."""
    return json.loads(  # type: ignore[no-any-return]
        json.dumps(asdict(quality) | {"loss_recovered": quality.loss_recovered}),
        parse_float=lambda text: float(f"{float(text):.6g}"),
    )


def memory_needed(model: LanguageModel, plan: TrainingPlan) -> int:
    """Bytes that training takes beside the model: weights with gradients and two moments each,
    pre-activations and their gradients of one batch, and the waiting activations.
    """
    layers, width = model.layers, plan.features * model.d_model
    writes = layers * (layers + 1) // 2 if plan.kind == "cross-layer" else layers
    weights = 4 * (layers + writes) * width
    batch = 3 * layers * plan.batch_tokens * plan.features
    return FLOAT * (weights + batch) + BUFFER_BYTES


def _remember_plan(work: Path, model: LanguageModel, plan: TrainingPlan) -> None:
    """Keep the plan beside the checkpoint, so that another plan does not go on from it."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "plan.json"
    wanted = asdict(plan) | {"model": _short_name(model), "layers": model.layers}
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in wanted if kept.get(key) != wanted[key])
        if changed:
            expected = ", ".join(f"{key} {kept.get(key)}" for key in changed)
            found = ", ".join(f"{key} {wanted[key]}" for key in changed)
            raise BadInput(str(work), expected, found, "go on with the old plan, or delete it")
    write_whole(path, json.dumps(wanted).encode())


def _trained(
    model: LanguageModel,
    sequences: TokenSequences,
    plan: TrainingPlan,
    places: tuple[Path, Path],
    report: Callable[[object], None],
) -> MlpDictionary | SparseAutoencoderSet:
    """The trained dictionary; `places` are where its checkpoint and its files go."""
    work, folder = places
    stream = _stream(model, sequences, plan)
    name = _short_name(model)
    if plan.kind == "saes":
        settings = SaeTraining(
            features=plan.features,
            k=float(plan.k),
            steps=plan.steps,
            learning_rate=plan.learning_rate,
            seed=plan.seed,
            model_name=name,
            stream=stream,
        )
        return train_saes(model, sequences.batches(), settings, folder, report)
    training = TranscoderTraining(
        features=plan.features,
        k=plan.k,
        steps=plan.steps,
        learning_rate=plan.learning_rate,
        k_start=2 * plan.k,
        cross_layer=plan.kind == "cross-layer",
        skip=plan.kind == "skip-transcoders",
        seed=plan.seed,
        stream=stream,
    )
    checkpoint = work / "checkpoint.safetensors"
    trained: MlpDictionary = train_transcoders(
        model, sequences.batches(), training, checkpoint, report
    )
    if plan.fine_tune:
        together = EndToEndTraining(steps=plan.fine_tune)
        trained = train_end_to_end(model, trained, sequences.batches(), together, report)
    trained = replace(trained, name=name)
    if plan.layout == "saelens" and isinstance(trained, TranscoderSet):
        saelens_save.save(trained, folder, name)
    else:
        circuit_tracer.save(trained, folder, name)
    return trained


def _stream(model: LanguageModel, sequences: TokenSequences, plan: TrainingPlan) -> StreamSettings:
    """How activations wait: once round the text is enough to draw from, if that much fits."""
    places = model.layers if plan.kind == "saes" else 2 * model.layers
    fitting = BUFFER_BYTES // (places * model.d_model * FLOAT)
    waiting = min(fitting, sequences.training.size, StreamSettings().buffer_tokens)
    buffer = max(plan.batch_tokens, waiting)
    return StreamSettings(batch_tokens=plan.batch_tokens, buffer_tokens=buffer, seed=plan.seed)


def _short_name(model: LanguageModel) -> str:
    """The model's name without the folder that it was loaded from."""
    path = Path(model.name)
    return path.resolve().name if path.is_dir() else model.name
