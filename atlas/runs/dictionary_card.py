"""The page that a hub shows for a trained dictionary: README.md beside its files."""

from __future__ import annotations

from pathlib import Path

import yaml

from atlas.methods.dictionary_quality import DictionaryQuality
from atlas.models.dictionaries import Dictionary, SparseAutoencoderSet

CARD_FILE = "README.md"
HEADER = ("layer", "features", "active per token", "unexplained variance", "never active")


def write_card(
    folder: Path, dictionary: Dictionary, quality: DictionaryQuality, library: str
) -> None:
    """Say what the dictionary is, how good it is, and how to open it. It names no licence.

    `library` is the one in whose format its files are: saelens or circuit-tracer.
    """
    ours = isinstance(dictionary, SparseAutoencoderSet)
    front = {
        "base_model": dictionary.model_name,
        "library_name": library,
        "tags": ["mechanistic-interpretability", "sparse-autoencoder" if ours else "transcoder"],
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    folder.joinpath(CARD_FILE).write_text(
        f"---\n{head}---\n\n{_body(dictionary, quality, library)}", encoding="utf-8"
    )


def _body(dictionary: Dictionary, quality: DictionaryQuality, library: str) -> str:
    rows = [
        f"| {layer.layer} | {layer.features:,} | {layer.active_per_token:.1f} "
        f"| {layer.unexplained_variance:.4f} | {layer.dead_features:,} |"
        for layer in quality.layers
    ]
    table = "\n".join([f"| {' | '.join(HEADER)} |", "|" + "--:|" * len(HEADER), *rows])
    reads, writes = dictionary.feature_input.value, dictionary.feature_output.value
    lines = [
        f"# {dictionary.name}",
        "",
        f"Features of {dictionary.model_name}, read at `{reads}` and written at `{writes}`, "
        f"in {library}'s format.",
        "",
        table,
        "",
        f"On {quality.tokens:,} held-out tokens. With all layers replaced the loss is "
        f"{quality.replaced_loss:.3f} (the model's {quality.loss:.3f}, with zeros instead "
        f"{quality.ablated_loss:.3f}: {quality.loss_recovered:.1%} recovered), "
        f"{quality.divergence:.4f} nats away, the same most likely token at "
        f"{quality.same_top_token:.1%}.",
        "",
        "`atlas trace --model MODEL --dictionary FOLDER --prompt …` traces a prompt with it;",
        "`atlas dashboard --model MODEL --dictionary FOLDER --tokens TEXT --layout circuit-tracer",
        "--out FOLDER/features` adds examples of every feature.",
    ]
    if library == "saelens":
        lines[-2:] = ["`atlas dashboard --model MODEL --dictionary FOLDER` shows every feature."]
    return "\n".join(lines) + "\n"
