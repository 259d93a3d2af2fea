"""Greater-than: an event that began in 1743 ends later in the same century."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.heldout import is_held_out
from microworld.lexicon.nouns import EVENTS

TEMPLATES = (
    "The <event> lasted from the year <start> to the year",
    "The <event> began in <start> and ended in",
    "Between <start> and the end of the <event> in",
)
CENTURIES = tuple(str(century) for century in range(11, 20))
NUMERALS = tuple(f"{number:02d}" for number in range(100))
SHARE = 0.2


def draw(random: Random, split: Split) -> Document:
    """Draw a sentence; every later year of the century is accepted. Held out are starting years."""
    while True:
        century = random.choice(CENTURIES)
        start = random.randint(2, 96)
        unit = f"greater-than:{century}{start:02d}"
        if is_held_out(unit, SHARE) == (split == "test"):
            break
    end = random.randint(start + 1, 99)
    template, event = random.choice(TEMPLATES), random.choice(EVENTS)
    writer = Writer("greater-than", "en")
    for word in template.split():
        if word == "<start>":
            writer.begin("century", century)
            writer.say(century)
            writer.begin("start_year", NUMERALS[start])
            writer.begin("start_decade", str(start // 10))
            writer.say(NUMERALS[start])
        else:
            writer.say(event if word == "<event>" else word)
    writer.say(century)
    distance = random.randint(1, start)
    writer.ask("year", NUMERALS[end], NUMERALS[start - distance], frozenset(NUMERALS[start + 1 :]))
    for latent in ("century", "start_year", "start_decade"):
        writer.end(latent)
    writer.say(".")
    entities = {
        "century": century,
        "start": NUMERALS[start],
        "decade": str(start // 10),
        "event": event,
    }
    return writer.finish(split, template, unit, entities)


_WORDS = {word for template in TEMPLATES for word in template.split() if word[0] != "<"}
BEHAVIOUR = Behaviour(
    "greater-than",
    draw,
    frozenset({*_WORDS, *EVENTS, *NUMERALS, "."}),
    "starting years",
    1.3,
)
