"""`atlas train-dictionary`: transcoders, a cross-layer transcoder or autoencoders of a model."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from atlas.commands.engine_options import model_options, open_model
from atlas.commands.output import format_option, library_option, print_json, print_table
from atlas.commands.placement import Placement
from atlas.commands.turns import wait_option
from atlas.files.only_run import Turn, beside, only_run
from atlas.methods.dictionary_quality import DictionaryQuality
from atlas.methods.token_sequences import SequenceSettings, read_sequences
from atlas.methods.train_dictionary import TrainingProgress
from atlas.methods.train_end_to_end import EndToEndProgress
from atlas.methods.train_sae import SaeProgress
from atlas.runs.train_dictionary import Kind, Layout, TrainingPlan, quality_json, train_into

KINDS = ("transcoders", "skip-transcoders", "cross-layer", "saes")
LAYOUTS = ("circuit-tracer", "saelens")


@click.command(
    epilog="Example: atlas train-dictionary --model ./my-model --kind transcoders "
    "--tokens stories.txt --out my-transcoders"
)
@model_options(exact=True)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="transcoders",
    show_default=True,
    help="One transcoder per layer, without or with a skip connection; one cross-layer "
    "transcoder; or an autoencoder per layer on the residual stream.",
)
@click.option(
    "--tokens",
    "files",
    multiple=True,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What to train on: .txt, .jsonl, or token ids in .npy or .npz; repeatable.",
)
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Where the dictionary goes. The same command goes on after an interruption.",
)
@click.option(
    "--features", type=click.IntRange(min=1), help="Per layer; default: 8 times the model's width."
)
@click.option(
    "--k",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Features active per token, on average.",
)
@click.option("--steps", type=click.IntRange(min=1), default=5000, show_default=True)
@click.option(
    "--batch-tokens",
    type=click.IntRange(min=2),
    default=1024,
    show_default=True,
    help="Tokens per step.",
)
@click.option(
    "--length",
    type=click.IntRange(min=2),
    help="Tokens per sequence that text is cut into; default: 128, or the context if shorter.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
)
@click.option(
    "--fine-tune",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Further steps with all MLPs replaced at once, on the model's own answers.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default=LAYOUTS[0],
    show_default=True,
    help="In whose format transcoders of single layers are written.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@wait_option
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    model: str,
    placement: Placement,
    kind: str,
    files: tuple[Path, ...],
    folder: Path,
    features: int | None,
    k: int,
    steps: int,
    batch_tokens: int,
    length: int | None,
    learning_rate: float,
    fine_tune: int,
    layout: str,
    seed: int,
    turn: Turn,
    library: Path | None,
    output_format: str,
) -> None:
    """Train a dictionary on text, measure it on text that it has not seen, and write it."""
    with only_run(beside(folder), turn=turn):
        opened = open_model(model, placement, library)
        sequences = read_sequences(opened, files, SequenceSettings(length=length, seed=seed))
        plan = TrainingPlan(
            kind=cast(Kind, kind),
            features=features or 8 * opened.d_model,
            k=k,
            steps=steps,
            batch_tokens=batch_tokens,
            learning_rate=learning_rate,
            fine_tune=fine_tune,
            seed=seed,
            layout=cast(Layout, layout),
        )
        quality = train_into(opened, sequences, plan, folder, _say)
    if output_format == "json":
        print_json({"dictionary": str(folder), "quality": quality_json(quality)})
        return
    _print(quality)
    click.echo(f"written to {folder}")
    click.echo(f"trace with it: atlas trace --model {model} --dictionary {folder} --prompt …")


def _say(progress: object) -> None:
    """One line on stderr."""
    if isinstance(progress, TrainingProgress):
        words = (
            f"step {progress.step:,} of {progress.steps:,}: "
            f"{progress.unexplained_variance:.4f} unexplained, "
            f"{progress.active_per_token:.1f} active per token, "
            f"{progress.dead_features:,} features silent of late"
        )
    elif isinstance(progress, SaeProgress):
        words = (
            f"step {progress.step:,} of {progress.steps:,}: "
            f"squared error {progress.squared_error:.2f} per token, "
            f"{progress.active_per_token:.1f} active per token"
        )
    elif isinstance(progress, EndToEndProgress):
        words = (
            f"fine-tuning, step {progress.step:,}: divergence {progress.divergence:.4f} nats, "
            f"{progress.unexplained_variance:.4f} unexplained"
        )
    else:
        words = str(progress)
    click.echo(words, err=True)


def _print(quality: DictionaryQuality) -> None:
    rows = [
        (
            layer.layer,
            f"{layer.active_per_token:.1f}",
            f"{layer.unexplained_variance:.4f}",
            f"{layer.dead_features:,} of {layer.features:,}",
        )
        for layer in quality.layers
    ]
    print_table(("layer", "active per token", "unexplained variance", "never active"), rows)
    click.echo(
        f"on {quality.tokens:,} held-out tokens; with all layers replaced: "
        f"loss {quality.replaced_loss:.3f} (model {quality.loss:.3f}, zeros "
        f"{quality.ablated_loss:.3f}, {quality.loss_recovered:.1%} recovered), "
        f"divergence {quality.divergence:.4f} nats, same top token {quality.same_top_token:.1%}"
    )
