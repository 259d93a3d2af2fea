"""The model and its transcoders once more, from another seed: does what a circuit says hold there?

`atlas find-again` answers it. Everything else is as in the training of the atlas's own weights:
the language, the held-out units, the settings. Start and text are other ones.
"""

from __future__ import annotations

from pathlib import Path

from microworld.dictionaries import DictionarySettings, retrain_transcoders
from microworld.train_model import ModelSize, Trainer, TrainingSettings, save_model


def retrain(varied: str, seed: int, weights: Path, out: Path) -> str:
    """Train into `out` and give the command that measures circuits there; resumes.

    `varied` is "dictionary" (transcoders of the model under `weights`) or "model" (a model, then
    its transcoders). `seed` is at least 1: 0 are the atlas's own weights.
    """
    model = weights / "model"
    command = f"atlas find-again --accept --seed {seed} --dictionary {out / 'transcoders'}"
    if varied == "model":
        model = out / "model"
        command += f" --model {model}"
        if not (model / "model.safetensors").is_file():
            run = out / "run"
            save_model(Trainer(run, TrainingSettings(), ModelSize(), seed).run(), model)
    retrain_transcoders(model, seed, out / "transcoders", out / "run", DictionarySettings())
    return command
