"""`atlas find-again`: do circuits hold in a dictionary, or a model, trained from another seed?"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from atlas.commands.group import command as group_command
from atlas.commands.group_settings import OPTIONS, group_settings
from atlas.commands.output import format_option, library_option, print_json, print_table
from atlas.entries.circuit import Circuit, Part
from atlas.entries.digests import folder_digest, text_digest
from atlas.entries.library import Library
from atlas.entries.retrained import Retraining, Varied
from atlas.errors import BadInput
from atlas.methods.group import GroupSettings
from atlas.models.language_model import LanguageModel
from atlas.models.loading import load_model, read_dictionary
from atlas.runs.find_again import RetrainedWeights, accept_retrained, accepted_before, find_again

FOUND_BY = ("atlas", "group")  # how a part begins to say that it can be found again
HEADER = ("circuit", "parts found", "claim", "here", "effect", "95 % interval", "control p")

_folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    epilog="Example: atlas find-again --accept --seed 1 "
    "--dictionary build/retrained/dictionary-1/transcoders"
)
@click.argument("circuits", metavar="[ID]...", nargs=-1)
@click.option(
    "--seed",
    required=True,
    type=click.IntRange(0),
    help="Which retraining this is; 0: the entry's own seed, on another machine.",
)
@click.option("--dictionary", required=True, type=_folder, help="The folder of the retrained one.")
@click.option(
    "--model",
    "model_folder",
    type=_folder,
    help="The folder of the retrained model, if the dictionary is one of it; default: the entry's.",
)
@click.option("--of", "of", default="microworld/transcoders", show_default=True,
              metavar="MODEL/DICTIONARY", help="What was trained again.")  # fmt: skip
@click.option(
    "--accept",
    is_flag=True,
    help="Write what is found to circuits/ID/retrained.json; what was accepted of the same weights "
    "is not measured again.",
)
@click.option("--renew", is_flag=True, help="Measure also what was accepted before.")
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    circuits: tuple[str, ...],
    seed: int,
    dictionary: Path,
    model_folder: Path | None,
    of: str,
    accept: bool,
    renew: bool,
    library: Path | None,
    output_format: str,
) -> None:
    """Find the parts of circuits again in retrained weights, and measure their claims there.

    Each part is found by the command that it names (`found_by`), on the discovery prompts; claims
    are measured on the test prompts. Default: all active circuits of the dictionary.
    """
    opened = Library.open(library)
    chosen = _chosen(opened, circuits, of)
    weights = _weights(opened, of, seed, dictionary, model_folder)
    found = []
    for circuit in chosen:
        kept = accepted_before(opened, circuit, weights) if accept and not renew else None
        known = ": accepted before" if kept else ""
        click.echo(f"{circuit.id} in {weights.varied} {seed}{known}", err=True)
        sought = {part.id: sought_by(part, circuit.id) for part in circuit.parts}
        retraining = kept or find_again(opened, circuit, weights, sought)
        if accept and not kept:
            accept_retrained(opened, circuit, retraining)
        found.append((circuit, retraining))
    if output_format == "json":
        print_json({circuit.id: each.to_json() for circuit, each in found})
    else:
        print_table(HEADER, [row for circuit, each in found for row in _rows(circuit, each)])


def sought_by(part: Part, circuit_id: str) -> GroupSettings | None:
    """The settings of the `atlas group` command that a part names; None where it names none.

    The command must be about the part's own circuit and key: what it finds are its members.

    Raises BadInput for such a command with an option or a value that `atlas group` lacks.
    """
    try:
        words = shlex.split(part.found_by)
    except ValueError:
        return None
    if tuple(words[:2]) != FOUND_BY:
        return None
    try:
        context = group_command.make_context("group", words[2:])
    except click.UsageError as error:
        raise BadInput(
            f"circuit {circuit_id}: part {part.id}: found_by",
            "a command that runs",
            error.format_message(),
        ) from error
    options = context.params
    if (options["circuit"], options["keyed_by"]) != (circuit_id, part.keyed_by):
        return None
    return group_settings(**{name: options[name] for name in OPTIONS})


def _chosen(library: Library, ids: Sequence[str], of: str) -> list[Circuit]:
    """The circuits named, else all active ones of the dictionary with claims and parts."""
    if ids:
        found = [library.circuits.find(each) for each in ids]
        other = [each.id for each in found if f"{each.model}/{each.dictionary}" != of]
        if other:
            raise BadInput("ID", f"circuits of {of}", ", ".join(other), "name theirs with --of")
        return found
    return [
        circuit
        for circuit in library.circuits.values()
        if f"{circuit.model}/{circuit.dictionary}" == of and circuit.lifecycle == "active"
        and circuit.claims and circuit.parts
    ]  # fmt: skip


def _weights(
    library: Library, of: str, seed: int, dictionary: Path, model_folder: Path | None
) -> RetrainedWeights:
    model_id, _, _ = of.partition("/")
    entry = library.models.find(model_id)
    varied: Varied = "dictionary" if model_folder is None else "model"
    if model_folder is None:
        model, model_digest = load_model(library.root, model_id), entry.weights.sha256
    else:
        model, model_digest = LanguageModel.load(str(model_folder)), folder_digest(model_folder)
        model.name = model_id
    digest = text_digest(f"{model_digest}\n{folder_digest(dictionary)}")
    return RetrainedWeights(varied, seed, model, read_dictionary(dictionary), digest)


def _rows(circuit: Circuit, retraining: Retraining) -> list[tuple[str, ...]]:
    parts = retraining.groups_found
    if retraining.unmeasured:
        return [(circuit.id, parts, "", retraining.unmeasured, "", "", "")]
    rows: list[tuple[str, ...]] = []
    for claim, verdict in retraining.verdicts(circuit).items():
        measured = retraining.measurements.get(claim)
        figures = ("", "", "")
        if measured is not None:
            low, high = measured.interval
            control = "" if measured.control is None else f"{measured.control.p_value:.3f}"
            figures = (f"{measured.value:+.3f}", f"{low:.3f} to {high:.3f}", control)
        word = "demonstration" if verdict.demonstration else verdict.word
        rows.append((circuit.id, parts, claim, word, *figures))
    return rows
