"""Induction: a list of words is said twice, and the second time can be predicted from the first."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.heldout import is_held_out
from microworld.lexicon.nouns import LIST_WORDS

SHARE = 0.15


def draw(random: Random, split: Split) -> Document:
    """Draw a list and its repetition; held out are neighbouring pairs of words."""
    length = random.randint(4, 9)
    while True:
        words = random.sample(LIST_WORDS, length)
        pairs = [
            f"induction:{first}:{second}" for first, second in zip(words, words[1:], strict=False)
        ]
        held = [is_held_out(pair, SHARE) for pair in pairs]
        if split == "train" and not any(held):
            asked = random.randint(1, length - 1)
            break
        if split == "test" and any(held[1:]):
            asked = random.choice([i + 1 for i, out in enumerate(held) if out and i > 0])
            break
    writer = Writer("induction")
    writer.say("List :")
    writer.begin("pass", "first")
    writer.say(" ".join(words))
    writer.begin("pass", "second")
    writer.say(f"; {words[0]}")
    for index in range(1, length):
        if index == asked:
            writer.ask(
                "word", words[index], random.choice(words[:index] if index > 1 else words[2:])
            )
        else:
            writer.expect("word", words[index])
    writer.end("pass")
    writer.say(".")
    entities = {"before": words[asked - 1], "word": words[asked], "length": str(length)}
    return writer.finish(split, f"length-{length}", pairs[asked - 1], entities)


BEHAVIOUR = Behaviour(
    "induction",
    draw,
    frozenset({*LIST_WORDS, "List", ":", ";", "."}),
    "sequences with a pair of neighbours that no training list has",
    1.2,
)
