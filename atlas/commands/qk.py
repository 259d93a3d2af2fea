"""`atlas qk`: why an attention head looks where it looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from atlas.commands.engine_options import engine_options, open_engine
from atlas.commands.output import format_option, library_option, print_json
from atlas.commands.placement import Placement
from atlas.entries.ids import LayerHead
from atlas.entries.text import printable
from atlas.errors import BadInput
from atlas.graphs.attention_json import score_values
from atlas.graphs.attention_score import AttentionScore, HeadPlace
from atlas.methods.qk import QueryKeySettings, explain_score


@click.command(
    epilog="Example: atlas qk --model microworld --dictionary transcoders --head 5.3 --key 5 "
    '--foil 8 --prompt "Now the small old book near the horses"'
)
@engine_options(exact=True)
@click.option("--prompt", required=True, help="Text, without the token that starts every prompt.")
@click.option("--head", required=True, metavar="LAYER.HEAD", help="The head, such as 5.3.")
@click.option(
    "--query",
    type=int,
    default=-1,
    show_default=True,
    help="The position that looks; the starting token is 0, negative numbers count from the end.",
)
@click.option("--key", type=int, required=True, help="The position that is looked at.")
@click.option("--foil", type=int, help="Explain why the key rather than this one.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="How many sources on either side, and how many pairs, to tell.",
)
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    model: str,
    dictionary: str,
    placement: Placement,
    prompt: str,
    head: str,
    query: int,
    key: int,
    foil: int | None,
    top: int,
    library: Path | None,
    output_format: str,
) -> None:
    """Split one attention score, before the softmax, over pairs of sources.

    What reaches the query's position meets what reaches the key's position. All pairs together,
    constants included, are the score.
    """
    opened = open_engine(model, dictionary, placement, library)
    length = len(opened[0].tokenize(prompt).ids)
    chosen = LayerHead.parse(head)
    place = HeadPlace(
        layer=chosen.layer,
        head=chosen.head,
        query=_position("--query", query, length),
        key=_position("--key", key, length),
        foil=None if foil is None else _position("--foil", foil, length),
    )
    found = explain_score(*opened, prompt, place, QueryKeySettings(top, top)).abridged()
    if output_format == "json":
        print_json(score_values(found))
        return
    for line in lines(found):
        click.echo(line)


def _position(option: str, value: int, length: int) -> int:
    """A position that may be counted from the end."""
    if not -length <= value < length:
        raise BadInput(option, f"a position from {-length} to {length - 1}", str(value))
    return value % length


def lines(found: AttentionScore) -> Iterator[str]:
    """The split as text."""
    place = found.place
    yield (
        f"head {place.layer}.{place.head} looks from {_token(found, place.query)} "
        f"to {' rather than '.join(_token(found, key.position) for key in found.keys)}"
    )
    for key in found.keys:
        capped = "" if key.soft_capped is None else f" (soft-capped {key.soft_capped:+.3f})"
        yield (
            f"  score {key.score:+.3f}{capped}, attention {key.weight:.3f} "
            f"to {_token(found, key.position)}"
        )
    if place.foil is not None:
        yield f"  difference of the scores {found.score:+.3f}"
    sides = (
        ("query", found.table.query, found.query_marginals, found.query_rest),
        ("key", found.table.key, found.key_marginals, found.key_rest),
    )
    for side, top, marginals, rest in sides:
        yield f"what each source adds on the {side} side"
        for source in top.tolist():
            yield f"  {marginals[source]:+9.3f}  {_name(found, source)}"
        yield f"  {rest + _untold(marginals, top):+9.3f}  all other sources"
    yield "strongest pairs (query side × key side)"
    pairs = found.strongest
    for query, key, value in zip(pairs.query, pairs.key, pairs.value, strict=True):
        yield f"  {value:+9.3f}  {_name(found, int(query))} × {_name(found, int(key))}"
    yield f"all pairs sum to the score to {found.closure_gap():.1e}"


def _untold(marginals: np.ndarray, top: np.ndarray) -> float:
    """What the listed sources add that have no line of their own."""
    return float(marginals.sum() - marginals[top].sum())


def _name(found: AttentionScore, source: int) -> str:
    return printable(found.name(source))


def _token(found: AttentionScore, position: int) -> str:
    return printable(f"{found.tokens[position]!r}@{position}")
