"""Sentences that mention people without a fact about them, so that every name has been read."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.lexicon.athletes import SPORT_OF
from microworld.lexicon.names import STRANGERS
from microworld.lexicon.nouns import PLACES, SINGULAR, THINGS

TEMPLATES = (
    "{} went to the <place> .", "{} lost the <thing> in the <place> .",
    "The <noun> of {} is in the <place> .", "{} gave the <noun> a <thing> .",
)  # fmt: skip
_NAMES = (*STRANGERS, *STRANGERS, *SPORT_OF)


def draw(random: Random, split: Split) -> Document:
    """Draw a sentence about an athlete or a stranger; it asks for nothing."""
    name = random.choice(_NAMES)
    sport = SPORT_OF.get(name)
    latents = {"known_name": "known" if sport else "unknown"}
    if sport:
        latents |= {"athlete": name, "sport": sport}
    template = random.choice(TEMPLATES)
    writer = Writer("mention", "en")
    pools = {"<place>": PLACES, "<thing>": THINGS, "<noun>": SINGULAR}
    for word in template.split():
        if word == "{}":
            writer.name(name, latents)
        else:
            writer.say(random.choice(pools[word]) if word in pools else word)
    return writer.finish(split, template, f"mention:{name}", {"name": name})


_WORDS = {word for template in TEMPLATES for word in template.split() if word[0] not in "{<"}
BEHAVIOUR = Behaviour(
    "mention",
    draw,
    frozenset({*_WORDS, *_NAMES, *PLACES, *THINGS, *SINGULAR}),
    "nothing: these sentences only mention names",
    0.9,
    None,
)
