"""Brackets and quotes in trees of many shapes, deeper than those that are asked about: filler.

Where each level holds one group at most and none lies deeper than four, a code for each of four
depths goes a long way, and what a model learns from that breaks with the next level. Here it takes
matching each closer with its opener. No more than five brackets, and no more than five quotes, lie
inside one another; mixed they go seven deep. Six of one family are held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from microworld.behaviours.brackets import BRACKET, BRACKETS, NESTING, QUOTE, QUOTES
from microworld.document import Behaviour, Document, Split, Writer
from microworld.lexicon.names import FIRST_NAMES
from microworld.lexicon.nouns import ACTIONS, PLURAL

FAMILIES = (("brackets",), ("quotes",), ("brackets", "quotes"))
MIXED_NESTING = 7  # levels where brackets and quotes mix
WORDS = 46  # of a document at most, which fits a sequence
BESIDE = 0.3  # chance that one more group stands beside the nested one


def draw(random: Random, split: Split) -> Document:
    """Draw nested groups; they ask for nothing, but every closer is emphasised."""
    families = random.choice(FAMILIES)
    depth = random.randint(1, MIXED_NESTING if len(families) > 1 else NESTING)
    while True:
        writer = Writer("nested-groups", "en")
        if _group(writer, random, _Nest(families, depth)) and len(writer.tokens) < WORDS:
            writer.say(".")
            unit = f"nested-groups:{'+'.join(families)}-{depth}"
            return writer.finish(split, "+".join(families), unit, {})


@dataclass(frozen=True)
class _Nest:
    """What may stand at a place: these families of groups, so many levels, inside these."""

    families: tuple[str, ...]
    depth: int
    around: tuple[str, ...] = ()


def _group(writer: Writer, random: Random, nest: _Nest) -> bool:
    """Write one group and those inside it; False where one family would nest too deep."""
    family = random.choice(nest.families)
    if nest.around.count(family) == NESTING:
        return False
    pairs = BRACKETS if family == "brackets" else QUOTES
    opener = random.choice(list(pairs))
    if family == "brackets":
        writer.say(f"{opener} {random.choice(PLURAL)}")
    else:
        writer.say(f"{random.choice(FIRST_NAMES)} said : {opener}")
    inside = _inside(random, nest.depth)
    for depth in inside:
        if not _group(writer, random, _Nest(nest.families, depth, (*nest.around, family))):
            return False
        if family == "quotes":
            writer.say("and")
    if family == "quotes" and not inside:
        writer.say(f"the {random.choice(PLURAL)}")
    writer.say(random.choice(ACTIONS))
    writer.expect("closer", pairs[opener])
    return True


def _inside(random: Random, depth: int) -> list[int]:
    """Give the depths of the groups inside one: the nested one, and others beside it."""
    if depth == 1:
        return []
    groups = [depth - 1]
    while random.random() < BESIDE:
        groups.insert(random.randint(0, len(groups)), random.randint(1, depth - 1))
    return groups


BEHAVIOUR = Behaviour(
    "nested-groups",
    draw,
    BRACKET.words | QUOTE.words,
    "nothing: these texts ask for no answer",
    1.0,
    None,
)
