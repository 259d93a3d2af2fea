"""`atlas steer`: change features, heads, neurons or directions and compare the model's answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import click
import numpy as np
from jaxtyping import Float

from atlas.commands.engine_options import model_options, open_model_or_engine
from atlas.commands.intervention_text import POSITIONS, WrittenChange, read_change
from atlas.commands.output import format_option, library_option, print_json
from atlas.commands.steer_report import comparison, print_comparison, print_sweep
from atlas.errors import BadInput
from atlas.methods.compare_answers import compare_answers
from atlas.methods.generate import GenerationSettings, generate
from atlas.methods.intervene import InterventionSettings, Mode, PromptBatch
from atlas.methods.intervene_many import last_logits
from atlas.methods.intervention.head_outputs import head_output
from atlas.methods.intervention.interventions import ACTIONS, AnyIntervention
from atlas.methods.next_token import Sampling

HELP = {
    "set": "Set an activation, a head's output, or a component: WHAT@POSITION=VALUE; repeatable.",
    "scale": "Multiply it: WHAT@POSITION=FACTOR; repeatable.",
    "ablate": "Set it to 0: WHAT@POSITION; repeatable.",
    "add": "Add to it: WHAT@POSITION=VALUE; repeatable.",
    "from": "Text whose head outputs --set head:…=from and =mean take; repeatable, averaged.",
    "mode": "iterative is the real model; direct is the linear graph.",
    "generate": "Also continue the prompt by this many tokens, before and after.",
    "samples": "Continuations that are drawn; 0: one, always the most probable token.",
    "seed": "Of the first drawn continuation; the next ones count up.",
    "top_p": "Draw from the fewest tokens that hold this share of probability.",
    "answer": "The token whose rank is followed; default: the most probable one before.",
}


@dataclass(frozen=True)
class Reading:
    """What is read off the answers."""

    mode: Mode
    top: int  # most probable tokens to show, before and after
    answer: str | None  # a token; None: the most probable one before


@click.command(
    epilog="Example: atlas steer --model microworld --dictionary transcoders "
    '--prompt "the capital of the state containing Dallas is" --ablate 2-117@7. ' + POSITIONS
)
@model_options(exact=False)
@click.option("--dictionary", metavar="ID|FOLDER", help="Needed for features and frozen modes.")
@click.option("--prompt", required=True, help="Text, without the token that starts every prompt.")
@click.option("--set", "set_", multiple=True, metavar="CHANGE", help=HELP["set"])
@click.option("--scale", multiple=True, metavar="CHANGE", help=HELP["scale"])
@click.option("--ablate", multiple=True, metavar="CHANGE", help=HELP["ablate"])
@click.option("--add", multiple=True, metavar="CHANGE", help=HELP["add"])
@click.option("--from", "lenders", multiple=True, metavar="TEXT", help=HELP["from"])
@click.option(
    "--mode",
    type=click.Choice(["iterative", "constrained", "direct"]),
    default="iterative",
    show_default=True,
    help=HELP["mode"],
)
@click.option("--answer", metavar="TOKEN", help=HELP["answer"])
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--generate", "tokens", type=click.IntRange(min=0), default=0, help=HELP["generate"])
@click.option(
    "--samples", type=click.IntRange(0, 1000), default=0, show_default=True, help=HELP["samples"]
)
@click.option("--temperature", type=float, default=1.0, show_default=True)
@click.option("--top-p", type=float, default=1.0, show_default=True, help=HELP["top_p"])
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=HELP["seed"])
@library_option
@format_option
def command(**options: Any) -> None:
    """Change parts of the model and compare the answers. A range of values is a sweep."""
    texts = {action: options["set_" if action == "set" else action] for action in ACTIONS}
    changes = [read_change(action, text) for action in ACTIONS for text in texts[action]]
    swept = _check(changes, options)
    where = (options["model"], options["dictionary"], options["placement"], options["library"])
    model, dictionary = open_model_or_engine(*where)
    prompt = PromptBatch(model, dictionary, model.tokenize(options["prompt"]).ids[None])
    planned = _planned(prompt, changes, options["lenders"])
    reading = Reading(cast(Mode, options["mode"]), options["top"], options["answer"])
    found = steer(prompt, planned, reading)
    head: dict[str, Any] = {
        "mode": reading.mode,
        "prompt": [model.token_string(int(token)) for token in prompt.ids[0]],
        "changes": [change.text for change in changes],
    }
    if swept is not None:
        pairs = zip(swept.values, found, strict=True)
        rows = [{"value": value, **each} for value, each in pairs]
        result = {**head, "swept": swept.text, "values": rows}
    else:
        result = {**head, **found[0]}
    if options["tokens"]:
        result["generated"] = continuations(prompt, planned[0], options)
    if options["output_format"] == "json":
        print_json(result)
    elif swept is not None:
        print_sweep(result)
    else:
        print_comparison(result)


def steer(
    prompt: PromptBatch, planned: list[list[AnyIntervention]], reading: Reading
) -> list[dict[str, Any]]:
    """The answers before and after, as JSON values, for each way to intervene."""
    model = prompt.model
    answer = None if reading.answer is None else model.token_id(reading.answer)
    before = prompt.logits[0, -1]
    after = last_logits(prompt, planned, InterventionSettings(reading.mode))
    return [comparison(model, compare_answers(before, each, reading.top, answer)) for each in after]


def continuations(
    prompt: PromptBatch, changes: list[AnyIntervention], options: dict[str, Any]
) -> dict[str, Any]:
    """What is generated before and after; a seed draws the same random numbers in both."""
    count = max(1, options["samples"])
    seeds = [options["seed"] + number for number in range(count)]
    drawn = bool(options["samples"])
    how = {"temperature": options["temperature"], "top_p": options["top_p"]}
    sampling = Sampling(tuple(seeds) * 2, **how) if drawn else None
    rows = prompt.ids.expand(2 * count, -1)
    listed: list[list[AnyIntervention]] = [[]] * count + [changes] * count
    settings = GenerationSettings(options["tokens"], sampling=sampling)
    found = generate(prompt.model, prompt.dictionary, rows, listed, settings)
    each = [
        {"seed": seed if drawn else None, "ids": ids.tolist(), "text": text}
        for seed, ids, text in zip(seeds * 2, found.ids, found.texts, strict=True)
    ]
    return {"sampling": how if drawn else None, "before": each[:count], "after": each[count:]}


def _check(changes: list[WrittenChange], options: dict[str, Any]) -> WrittenChange | None:
    """Refuse options that do not go together; gives the change that has several values."""
    if not changes:
        listed = f"--{', --'.join(ACTIONS)}"
        raise BadInput("steer", listed, "no change", "name something to change")
    swept = [change for change in changes if len(change.values) > 1]
    if len(swept) > 1:
        raise BadInput("steer", "one change with a range of values", f"{len(swept)}")
    if options["tokens"] and options["mode"] != "iterative":
        found = options["mode"]
        raise BadInput("--generate", "--mode iterative", found, "frozen modes cannot go on")
    if options["tokens"] and swept:
        raise BadInput("--generate", "one value for each change", swept[0].text)
    if options["samples"] and not options["tokens"]:
        raise BadInput("--samples", "--generate", "none", "say how many tokens")
    lends = any(change.lent for change in changes)
    if lends != bool(options["lenders"]):
        found = "a change without --from" if lends else "--from without such a change"
        raise BadInput("steer", "--from with --set head:…=from or =mean", found)
    return swept[0] if swept else None


def _planned(
    prompt: PromptBatch, changes: list[WrittenChange], lenders: tuple[str, ...]
) -> list[list[AnyIntervention]]:
    """The interventions for each value of the change that has several; one list without."""
    texts = [prompt.model.tokenize(text).ids for text in lenders]

    @cache
    def lend(head: tuple[int, int], position: int | None) -> Float[np.ndarray, " d_head"]:
        return head_output(prompt.model, texts, head, position)

    length, count = prompt.lengths[0], max(len(change.values) for change in changes)
    return [
        [
            each
            for change in changes
            for each in change.interventions(
                change.values[number if len(change.values) > 1 else 0], length, lend
            )
        ]
        for number in range(count)
    ]
