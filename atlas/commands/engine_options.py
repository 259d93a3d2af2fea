"""What commands with a model share: naming a model and a dictionary, and opening them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from atlas.commands.memory_check import Fit
from atlas.commands.placement import Placement, placement_options
from atlas.entries.ids import is_slug
from atlas.entries.library import Library
from atlas.errors import BadInput, ModelUnavailable
from atlas.models.language_model import LanguageModel
from atlas.models.loading import AnyDictionary, load_dictionary, load_model, read_dictionary
from atlas.models.model_folder import folder_of_entry, model_folder, split_revision
from atlas.models.neurons import neurons_of, share_in

Command = TypeVar("Command", bound=Callable[..., Any])


def model_options(exact: bool) -> Callable[[Command], Command]:
    """Add `--model` and where it runs to a command; `exact` as in `Placement`."""
    model = click.option(
        "--model",
        required=True,
        metavar="ID|FOLDER",
        help="A model of the library, a Hugging Face folder, or a hub id, perhaps with @revision.",
    )
    return lambda command: model(placement_options(exact)(command))


def engine_options(exact: bool) -> Callable[[Command], Command]:
    """Add `--model`, `--dictionary` and where they run to a command."""
    dictionary = click.option(
        "--dictionary",
        required=True,
        metavar="ID|FOLDER|neurons[:SHARE]",
        help="A dictionary that the model's entry lists, a folder of transcoders or SAEs, or "
        "neurons: those of the model's own MLPs that write more than SHARE of a layer's output.",
    )
    return lambda command: model_options(exact)(dictionary(command))


def open_model_or_engine(
    model: str, dictionary: str | None, placement: Placement, library: Path | None
) -> tuple[LanguageModel, AnyDictionary | None]:
    """The model, and the dictionary where one is named; errors as `open_engine`."""
    if dictionary is None:
        return open_model(model, placement, library), None
    return open_engine(model, dictionary, placement, library)


def open_model(model: str, placement: Placement, library: Path | None) -> LanguageModel:
    """The model that the option names; an id of the library comes first.

    Raises:
        OutOfMemory: it would not fit.
        AtlasError: whatever else keeps it from loading.
    """
    fit_of(model, None, placement, library).check_loading()
    entry = _library_with(model, library)
    if entry is None:
        return _load_foreign(model, placement, library)
    return load_model(entry.root, model, placement.settings)


def open_engine(
    model: str, dictionary: str, placement: Placement, library: Path | None
) -> tuple[LanguageModel, AnyDictionary]:
    """The model and the dictionary that the options name.

    `neurons` are the model's own; an id of the library comes next. A folder of such a name is
    written with `./`.

    Raises:
        OutOfMemory: they would not fit.
        AtlasError: whatever else keeps one of the two from loading.
    """
    share = share_in(dictionary)
    if share is not None:
        loaded = open_model(model, placement, library)
        return loaded, neurons_of(loaded, share)
    entry = _library_with(model, library)
    if entry is not None:
        listed = [each.id for each in entry.models[model].dictionaries]
        if dictionary not in listed and not Path(dictionary).is_dir():
            raise BadInput(
                "--dictionary", f"{' or '.join(listed)} (of {model}) or a folder", dictionary
            )
    fit_of(model, dictionary, placement, library).check_loading()
    if entry is None:
        return _load_foreign(model, placement, library), read_dictionary(Path(dictionary))
    loaded = load_model(entry.root, model, placement.settings)
    if dictionary in listed:
        return loaded, load_dictionary(entry.root, model, dictionary)
    return loaded, read_dictionary(Path(dictionary))


def fit_of(model: str, dictionary: str | None, placement: Placement, library: Path | None) -> Fit:
    """Whether what the options name fits into memory; of what is not on this disk nobody knows."""
    entry = _library_with(model, library)
    weights = model_folder(*split_revision(model)) if entry is None else None
    folder = None if dictionary is None else Path(dictionary)
    if entry is not None:
        weights = folder_of_entry(entry.root, entry.models[model])
        for each in entry.models[model].dictionaries:
            if each.id == dictionary:
                folder = entry.root / each.folder if each.folder else None
    if dictionary is not None and share_in(dictionary) is not None:
        return replace(Fit.of(weights, None, placement), neurons=True)
    if dictionary is not None and (folder is None or not folder.is_dir()):
        weights = None
    return Fit.of(weights, folder, placement)


def _library_with(model: str, folder: Path | None) -> Library | None:
    """The library if it has this model; None if the model is named otherwise."""
    if not is_slug(model):
        return None
    try:
        library = Library.open(folder)
    except BadInput:
        if folder is not None:
            raise
        return None
    return library if model in library.models else None


def _load_foreign(model: str, placement: Placement, folder: Path | None) -> LanguageModel:
    """A model that no library has: a folder or a hub id, some of which look like our ids."""
    name, revision = split_revision(model)
    try:
        loaded = LanguageModel.open(name, replace(placement.settings, revision=revision))
        loaded.name = model
        return loaded
    except ModelUnavailable as error:
        if not is_slug(model):
            raise
        known = ", ".join(Library.open(folder).models) or "none yet"
        action = f"{error.action}; models of the library: {known}"
        raise ModelUnavailable(error.where, error.expected, error.found, action) from error
