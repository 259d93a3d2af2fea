"""`atlas show`: one entry, with what its baseline measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from atlas.commands.baselines import circuit_baseline
from atlas.commands.output import format_option, library_option, print_json
from atlas.entries.circuit import Circuit, Claim, Part
from atlas.entries.feature import Feature
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.entries.model import Model
from atlas.entries.problems import did_you_mean
from atlas.entries.resource import Resource
from atlas.entries.retrained import current_retrainings, holdings
from atlas.entries.text import printable, printable_lines, quoted
from atlas.entries.yaml_source import read_yaml
from atlas.errors import BadInput
from atlas.runs.results import read_result_file

Entry = Circuit | Feature | Model | Resource
MOST_FEATURES = 8  # of a part in one line


@click.command(epilog="Example: atlas show microworld-states-and-capitals")
@click.argument("entry_id", metavar="ID")
@library_option
@format_option
def command(entry_id: str, library: Path | None, output_format: str) -> None:
    """Show a circuit, feature, model or resource; features: model/dictionary/layer-index."""
    opened = Library.open(library)
    entry, path = find_entry(opened, entry_id)
    if output_format == "json":
        baseline = None
        if isinstance(entry, Circuit | Feature):
            found = read_result_file(opened.baseline(entry))
            baseline = found.to_json() if found else None
        print_json({"entry": read_yaml(path).data, "baseline": baseline})
        return
    for line in _lines(opened, entry):
        click.echo(printable_lines(line))
    click.echo(f"file: {path}")


def find_entry(library: Library, entry_id: str) -> tuple[Entry, Path]:
    """The entry of that id and its file; follows redirects. Raises BadInput if there is none."""
    kinds = ("circuits", "features", "models", "resources")
    for kind in kinds:
        entries = getattr(library, kind)
        moved = library.redirects.get(f"{kind}/{entry_id}", "").removeprefix(f"{kind}/")
        for name in (entry_id, moved):
            if name in entries:
                return entries[name], entries.paths[name]
    everything = [name for kind in kinds for name in getattr(library, kind)]
    near = did_you_mean(entry_id, everything)
    found = quoted(entry_id)
    raise BadInput("entry", "an id of the library", found, f"see `atlas list`{near}")


def _lines(library: Library, entry: Entry) -> Iterator[str]:
    if isinstance(entry, Circuit):
        yield from _circuit_lines(library, entry)
    elif isinstance(entry, Feature):
        yield from _feature_lines(library, entry)
    elif isinstance(entry, Model):
        yield from _model_lines(entry)
    else:
        yield entry.title
        yield f"{entry.kind}, {entry.year or 'year not checked'}; {', '.join(entry.authors)}"
        yield entry.summary
        yield from (line for line in (entry.url, entry.code_url) if line)


def _circuit_lines(library: Library, circuit: Circuit) -> Iterator[str]:
    baseline = circuit_baseline(library, circuit)
    yield f"{printable(circuit.title)}  [{circuit.lifecycle}, {baseline.verdict}]"
    yield f"{circuit.domain} / {circuit.behaviour}, {circuit.model} with {circuit.dictionary}"
    yield circuit.summary
    yield "parts:" if circuit.parts else "parts: none yet"
    yield from (_part_line(part) for part in circuit.parts)
    retrained = holdings(circuit, current_retrainings(library, circuit))
    yield "claims:" if circuit.claims else "claims: none yet"
    for claim in circuit.claims:
        yield f"  {claim.id}: {claim.statement}"
        yield f"    {_expectation(claim)}"
        verdict = baseline.claims[claim.id]
        word = "demonstration" if verdict.demonstration else verdict.word
        yield f"    {word}: {'; '.join(verdict.reasons)}"
        if claim.id in baseline.measurements:
            yield f"    {measurement_line(baseline.measurements[claim.id])}"
        for each in retrained.get(claim.id, ()):
            yield f"    trained again: supported in {each.words}"


def _part_line(part: Part) -> str:
    features = [str(one) for one in part.all_features]
    more = f" and {len(features) - MOST_FEATURES} more" if len(features) > MOST_FEATURES else ""
    keyed = f", by {part.keyed_by}" if part.keyed_by else ""
    members = [*features[:MOST_FEATURES], *(f"head {head}" for head in part.heads)]
    listed = ", ".join(members) or "no members yet"
    return f"  {part.id}: {part.label} ({part.role}, {part.position}{keyed}): {listed}{more}"


def _expectation(claim: Claim) -> str:
    measured = f"{claim.metric} of {claim.of} under {claim.intervention}"
    if claim.kind == "no_effect" and claim.margin:
        return f"{measured}: no effect beyond {claim.margin.value:g}"
    bound = f" by at least {claim.threshold.value:g}" if claim.threshold else ""
    return f"{measured}: {claim.direction}{bound}"


def measurement_line(found: Measurement) -> str:
    """A measurement in one line: effect, interval, before and after, control."""
    low, high = found.interval
    text = f"measured {found.value:.3g} {found.unit} [{low:.3g}, {high:.3g}] on {found.n} rows"
    text += f", {found.before:.3g} before, {found.after:.3g} after"
    if found.control:
        draws = len(found.control.draws)
        control = f"matched control {found.control.median:.3g}, p = {found.control.p_value:.3g}"
        text += f"; {control}, {draws} draws"
    return text


def _feature_lines(library: Library, feature: Feature) -> Iterator[str]:
    yield f"{feature.id}  {printable(feature.label)}  [{feature.lifecycle}]"
    yield from (line for line in (feature.description,) if line)
    if feature.predicate:
        latent = f"{feature.predicate.latent} is {' or '.join(feature.predicate.values)}"
        tokens = ", ".join(map(quoted, feature.predicate.tokens))
        yield f"should be active where: {latent if feature.predicate.latent else tokens}"
    if feature.score:
        yield f"needs F1 of at least {feature.score.minimum_f1:g}"
    result = read_result_file(library.baseline(feature))
    for measurement in result.measurements if result else ():
        yield f"{measurement.claim}: {measurement_line(measurement)}"
    users = [
        circuit.id
        for circuit in library.circuits.values()
        if (circuit.model, circuit.dictionary) == (feature.model, feature.dictionary)
        and any(feature.short in part.all_features for part in circuit.parts)
    ]
    yield f"in circuits: {', '.join(users) or 'none'}"


def _model_lines(model: Model) -> Iterator[str]:
    yield f"{printable(model.name)}  [{model.kind}]"
    yield from (line for line in (model.summary,) if line)
    heads = f"{model.layers} layers of {model.heads} heads"
    yield f"{model.architecture}: {heads}, d_model {model.d_model}"
    yield f"{model.parameters:,} parameters, {model.d_vocab:,} tokens, context {model.context:,}"
    for one in model.dictionaries:
        layers = ", ".join(map(str, one.layers))
        yield f"  {one.id}: {one.kind}, {one.features:,} features per layer, layers {layers}"
