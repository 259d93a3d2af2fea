"""`atlas steer`: change features and compare the model's answers before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from atlas.commands.engine_options import engine_options, open_engine
from atlas.commands.intervention_text import parse_intervention
from atlas.commands.output import format_option, library_option, print_json, print_table
from atlas.entries.text import printable
from atlas.errors import BadInput
from atlas.methods.compare_answers import AnswerChange, compare_answers
from atlas.methods.generate import GenerationSettings, generate
from atlas.methods.intervene import InterventionSettings, Mode, PromptBatch
from atlas.methods.interventions import ACTIONS, FeatureIntervention
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

HELP = {
    "set": "Set an activation: LAYER-INDEX@POSITION=ACTIVATION; repeatable.",
    "scale": "Multiply an activation: LAYER-INDEX@POSITION=FACTOR; repeatable.",
    "ablate": "Set an activation to 0: LAYER-INDEX@POSITION; repeatable.",
    "add": "Add to an activation: LAYER-INDEX@POSITION=ACTIVATION; repeatable.",
}


@click.command(
    epilog="Example: atlas steer --model microworld --dictionary transcoders "
    '--prompt "the capital of the state containing Dallas is" --ablate 2-117@7'
)
@engine_options
@click.option("--prompt", required=True, help="Text, without the token that starts every prompt.")
@click.option("--set", "set_", multiple=True, metavar="CHANGE", help=HELP["set"])
@click.option("--scale", multiple=True, metavar="CHANGE", help=HELP["scale"])
@click.option("--ablate", multiple=True, metavar="CHANGE", help=HELP["ablate"])
@click.option("--add", multiple=True, metavar="CHANGE", help=HELP["add"])
@click.option(
    "--mode",
    type=click.Choice(["iterative", "constrained", "direct"]),
    default="iterative",
    show_default=True,
    help="iterative is the real model; direct is the linear graph.",
)
@click.option(
    "--generate",
    "tokens",
    type=click.IntRange(min=0),
    default=0,
    help="Also continue the prompt greedily by this many tokens, before and after.",
)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True)
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    model: str,
    dictionary: str,
    device: str,
    prompt: str,
    set_: tuple[str, ...],
    scale: tuple[str, ...],
    ablate: tuple[str, ...],
    add: tuple[str, ...],
    mode: str,
    tokens: int,
    top: int,
    library: Path | None,
    output_format: str,
) -> None:
    """Change features and compare the answers. POSITION: a number, last, all, START:STOP."""
    texts = {"set": set_, "scale": scale, "ablate": ablate, "add": add}
    changes = [parse_intervention(action, text) for action in ACTIONS for text in texts[action]]
    if not changes:
        raise BadInput("steer", f"--{', --'.join(texts)}", "no change", "name a feature to change")
    if tokens and mode != "iterative":
        raise BadInput("--generate", "--mode iterative", mode, "frozen modes cannot go on")
    engine = open_engine(model, dictionary, device, library)
    found = steer(engine, prompt, changes, cast(Mode, mode), top)
    if tokens:
        found["generated"] = continuations(engine, prompt, changes, tokens)
    if output_format == "json":
        print_json(found)
    else:
        _print(found)


def steer(
    engine: tuple[LanguageModel, Dictionary],
    prompt: str,
    changes: list[FeatureIntervention],
    mode: Mode,
    top: int,
) -> dict[str, Any]:
    """The answers before and after as JSON values."""
    model, dictionary = engine
    batch = PromptBatch(model, dictionary, model.tokenize(prompt).ids[None])
    after = batch.run([changes], InterventionSettings(mode)).logits[0, -1]
    change = compare_answers(batch.logits[0, -1], after, top)
    return {"mode": mode, **_values(model, change)}


def continuations(
    engine: tuple[LanguageModel, Dictionary],
    prompt: str,
    changes: list[FeatureIntervention],
    tokens: int,
) -> dict[str, str]:
    """The greedy continuations before and after."""
    model, dictionary = engine
    ids = model.tokenize(prompt).ids[None].repeat(2, axis=0)
    texts = generate(model, dictionary, ids, [[], changes], GenerationSettings(tokens)).texts
    return {"before": texts[0], "after": texts[1]}


def _values(model: LanguageModel, change: AnswerChange) -> dict[str, Any]:
    rows = [
        {"token": model.token_string(each.token), "before": each.before, "after": each.after}
        for each in change.tokens
    ]
    return {"divergence_nats": change.divergence, "tokens": rows}


def _print(found: dict[str, Any]) -> None:
    rows = [
        [
            printable(repr(row["token"])),
            f"{row['before']:.4f}",
            f"{row['after']:.4f}",
            f"{row['after'] - row['before']:+.4f}",
        ]
        for row in found["tokens"]
    ]
    print_table(["token", "before", "after", "change"], rows)
    click.echo(f"divergence {found['divergence_nats']:.4f} nats ({found['mode']} mode)")
    for when, text in found.get("generated", {}).items():
        click.echo(f"{when + ':':<8}{printable(text)}")
