"""`atlas dashboard`: what every feature of a dictionary, or of all of a model's, does on a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from atlas.commands.engine_options import engine_options, open_engine
from atlas.commands.output import (
    format_option,
    library_option,
    print_json,
    print_result,
    print_table,
)
from atlas.commands.placement import Placement
from atlas.commands.turns import wait_option
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.entries.library import Library
from atlas.errors import BadInput
from atlas.files.only_run import Turn, beside, only_run
from atlas.methods.labelling.own_labeller import OwnLabeller
from atlas.methods.observation.layer_dashboards import ObserveSettings
from atlas.methods.token_sequences import read_ids
from atlas.models.language_model import LanguageModel
from atlas.models.loading import AnyDictionary, load_dictionary
from atlas.runs.dashboard_key import (
    check_replaceable,
    dashboard_key,
    forget_recording,
    is_made,
)
from atlas.runs.dashboard_layouts import LayerCount, Layout
from atlas.runs.dashboard_parts import Part, recorded_parts
from atlas.runs.make_dashboards import DashboardPlan, make_dashboards, record_part

ALL = "all"  # dictionaries of a model
# What a page shows, in shards that are small enough to fetch.
SITE_SETTINGS = ObserveSettings(top=12, band_examples=3)


@click.command(
    epilog="Example: atlas dashboard --model ./my-model --dictionary my-transcoders --tokens "
    "my-text.txt --layout circuit-tracer --out my-transcoders/features"
)
@engine_options(exact=False)
@click.option(
    "--tokens",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What to read: .txt, .jsonl, or token ids in .npy or .npz; repeatable. Default: the "
    "token file of the model's entry.",
)
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path),
              help="Where they go. The same command goes on after an interruption.")  # fmt: skip
@click.option(
    "--layout",
    type=click.Choice(["atlas", "site", "circuit-tracer"]),
    default="atlas",
    show_default=True,
    help="Our JSON lines, the shards that the site reads (from build/dashboards/<model>), or the "
    "files that circuit-tracer's viewer reads from a hub repository.",
)
@click.option("--layer", "layers", multiple=True, type=click.IntRange(min=0),
              help="Only these layers; repeatable.")  # fmt: skip
@click.option(
    "--length",
    type=click.IntRange(min=2),
    help="Tokens per sequence that text is cut into; default: 128, or the context if shorter.",
)
@click.option("--similar", type=click.Choice(["all", "layer"]), default="all", show_default=True,
              help="Where similar features are sought; across layers the work grows with the "
              "square of their number.")  # fmt: skip
@click.option("--sequences", type=click.IntRange(min=1),
              help="Read only so many sequences, spread evenly over the tokens.")  # fmt: skip
@click.option("--part", metavar="K/N",
              help="Only read this part of the tokens, beside the folder; the same command without "
              "the option joins the parts that it finds.")  # fmt: skip
@click.option("--label-with", "own", metavar="MODULE:FUNCTION",
              help="Ask a function of yours for a label of each feature, from its examples and the "
              "tokens that it promotes. It is imported: name only what you trust.")  # fmt: skip
@click.option("--renew", is_flag=True,
              help="Keep dashboards whose weights, tokens, options and code are the same, replace "
              "others; only with a model of the library and its own tokens.")  # fmt: skip
@wait_option
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    model: str,
    dictionary: str,
    placement: Placement,
    files: tuple[Path, ...],
    folder: Path,
    layout: Layout,
    layers: tuple[int, ...],
    length: int | None,
    similar: str,
    sequences: int | None,
    part: str | None,
    own: str | None,
    renew: bool,
    turn: Turn,
    library: Path | None,
    output_format: str,
) -> None:
    """Write a dashboard for every feature: density, examples, promoted tokens, neighbours.

    With `--dictionary all` those of every dictionary that the model's entry lists, from one reading
    of the tokens.
    """
    if renew and own is not None:
        raise BadInput("--renew", "no --label-with beside it: its code is not looked at", own)
    own_labels = OwnLabeller.load(own) if own is not None else None
    names: Sequence[str] = ()
    key = ""
    if renew:
        options = {"layout": layout, "layers": layers, "similar": similar, "sequences": sequences}
        names, key = _key(model, dictionary, library, options if not files else {})
    chosen_part = Part.read(part) if part is not None else None
    with _held(folder, chosen_part, turn):
        if chosen_part is None and _is_done(folder, names, key):
            print_result(output_format, {"folder": str(folder)}, f"{folder} is up to date")
            return
        opened, features = _open(model, dictionary, placement, library)
        tokens = _read(opened, files, length) if files else _of_entry(model, library)
        tokens = tokens if sequences is None else tokens.spread(sequences)
        settings = replace(
            SITE_SETTINGS if layout == "site" else ObserveSettings(),
            similar_in_all_layers=similar == "all",
        )
        chosen = tuple(layers or each.layer_numbers for each in features)
        plan = DashboardPlan(chosen, layout, settings, key, own_labels)
        engine = (opened, features)
        if chosen_part is not None:
            read = record_part(engine, tokens, plan, (folder, chosen_part), _say)
            value = {"folder": str(chosen_part.folder(folder)), "sequences": read}
            print_result(output_format, value, f"{read:,} sequences read into {value['folder']}")
            return
        counts = make_dashboards(engine, tokens, plan, folder, _say)
    _tell(folder, counts, int(tokens.is_word().sum()), output_format)


def _held(folder: Path, part: Part | None, turn: Turn) -> AbstractContextManager[None]:
    """The turn of this run: at one part, or at the folder and all parts that it joins."""
    if part is not None:
        return only_run(beside(part.folder(folder)), turn=turn)
    return only_run(beside(folder), *map(beside, recorded_parts(folder)), turn=turn)


def _is_done(folder: Path, names: Sequence[str], key: str) -> bool:
    """Whether the dashboards of the key are there; what a run with another key left is removed.

    Raises BadInput where the folder holds what must not be replaced: without a key, anything.
    """
    forget_recording(folder, key)
    if not key and folder.exists():
        raise BadInput(str(folder), "a folder that does not exist yet", "one that does")
    if key and is_made(folder, names, key):
        return True
    check_replaceable(folder)
    return False


def _tell(folder: Path, counts: Sequence[LayerCount], words: int, output_format: str) -> None:
    if output_format == "json":
        print_json({"folder": str(folder), "layers": [asdict(count) for count in counts]})
        return
    rows = [
        (count.dictionary, count.layer, f"{count.features:,}", f"{count.active:,}")
        for count in counts
    ]
    print_table(("dictionary", "layer", "features", "active anywhere"), rows)
    click.echo(f"on {words:,} tokens; written to {folder}")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _key(
    model: str, dictionary: str, folder: Path | None, options: Mapping[str, Any]
) -> tuple[Sequence[str], str]:
    """The names of the dictionaries that are meant, and the digest of what goes into dashboards."""
    library = Library.open(folder)
    listed = []
    if model in library.models:
        listed = [each.id for each in library.models[model].dictionaries]
    names = listed if dictionary == ALL else [dictionary]
    if not options or not names or not set(names) <= set(listed):
        expected = "a model of the library, dictionaries that it lists, and its own tokens"
        raise BadInput("--renew", expected, "others")
    return names, dashboard_key(library, model, names, options)


def _open(
    model: str, dictionary: str, placement: Placement, folder: Path | None
) -> tuple[LanguageModel, list[AnyDictionary]]:
    """The model and one dictionary, or all that its entry lists."""
    if dictionary != ALL:
        opened, features = open_engine(model, dictionary, placement, folder)
        return opened, [features]
    library = Library.open(folder)
    if model not in library.models or not library.models[model].dictionaries:
        raise BadInput("--dictionary", "the name of one", ALL, f"no entry lists any for {model}")
    first, *others = [each.id for each in library.models[model].dictionaries]
    opened, features = open_engine(model, first, placement, folder)
    return opened, [features, *(load_dictionary(library.root, model, each) for each in others)]


def _read(model: LanguageModel, files: tuple[Path, ...], length: int | None) -> LabelledTokens:
    ids = read_ids(model, files, length)
    return LabelledTokens(
        tokens=ids,
        codes={},
        values={},
        behaviour=np.full(len(ids), -1, dtype=np.int8),
        behaviours=(),
    )


def _of_entry(model: str, folder: Path | None) -> LabelledTokens:
    found = Library.open(folder)
    if model not in found.models or (reference := found.models[model].tokens) is None:
        raise BadInput("--tokens", "files to read", "none", f"no entry gives a file for {model}")
    return LabelledTokens.load(found.root / reference.file)
