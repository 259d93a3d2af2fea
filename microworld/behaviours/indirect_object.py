"""Indirect object identification: of two names, the one that was not said again."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.heldout import is_held_out
from microworld.lexicon.names import FIRST_NAMES
from microworld.lexicon.nouns import PLACES, THINGS

TEMPLATES = (
    "When <a> and <b> went to the <place> , <s> gave a <thing> to",
    "Then <a> and <b> had a long day at the <place> . <s> decided to give a <thing> to",
    "While <a> and <b> were at the <place> , <s> handed a <thing> to",
    "After <a> met <b> at the <place> , <s> sent a <thing> to",
)
SHARE = 0.15


def draw(random: Random, split: Split) -> Document:
    """Draw a sentence in ABBA or BABA order; held out are unordered pairs of names."""
    while True:
        receiver, giver = random.sample(FIRST_NAMES, 2)
        unit = "indirect-object:" + ":".join(sorted((receiver, giver)))
        if is_held_out(unit, SHARE) == (split == "test"):
            break
    template = random.choice(TEMPLATES)
    order = random.choice(("ABBA", "BABA"))
    first, second = (receiver, giver) if order == "ABBA" else (giver, receiver)
    place, thing = random.choice(PLACES), random.choice(THINGS)
    writer = Writer("indirect-object", "en")
    for word in template.split():
        if word == "<a>":
            writer.begin("name", first)
            writer.name(first)
            writer.end("name")
        elif word == "<b>":
            writer.begin("name", second)
            writer.name(second)
            writer.end("name")
        elif word == "<s>":
            # One of the two names must come here, which teaches copying names from the text.
            writer.emphasis.append(len(writer.tokens))
            writer.name(giver, {"duplicated_name": giver, "name_order": order})
        else:
            writer.say({"<place>": place, "<thing>": thing}.get(word, word))
    writer.mark("indirect_object", receiver)
    writer.ask("name", receiver, giver)
    writer.end("duplicated_name")
    writer.end("name_order")
    writer.say(".")
    entities = {"io": receiver, "s": giver, "order": order, "place": place, "thing": thing}
    return writer.finish(split, f"{template} ({order})", unit, entities)


_WORDS = {word for template in TEMPLATES for word in template.split() if word[0] != "<"}
BEHAVIOUR = Behaviour(
    "indirect-object",
    draw,
    frozenset({*_WORDS, *FIRST_NAMES, *PLACES, *THINGS, "."}),
    "an unseen pair of names",
    1.9,
)
