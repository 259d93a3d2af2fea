"""Subject-verb agreement in number, across nouns of the other number that stand between."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.lexicon.nouns import CUES, NOUNS, PREPOSITIONS, RELATIVE_VERBS

DEPTHS: dict[Split, tuple[int, ...]] = {"train": (0, 1, 1, 2, 2), "test": (3,)}
ADJECTIVES = ("red", "old", "quiet", "small", "new")
ADJECTIVES_BEFORE: dict[Split, tuple[int, ...]] = {"train": (0, 0, 0, 1, 2, 3), "test": (0, 0, 1)}
NUMBERS = ("singular", "plural")


def draw(random: Random, split: Split) -> Document:
    """Draw a sentence; training has up to two nouns between subject and verb, the test three."""
    depth = random.choice(DEPTHS[split])
    cue = random.choice(list(CUES))
    number = random.randrange(2)
    subject = random.choice(NOUNS)[number]
    writer = Writer("agreement", "en")
    writer.say(cue)
    writer.begin("verb_cue", cue)
    writer.say("the")
    _adjectives(writer, random, split)
    writer.begin("subject_number", NUMBERS[number])
    writer.name(subject)
    attractor, attractor_number, shape = "", number, []
    for _ in range(depth):
        attractor, attractor_number, kind = _attractor(writer, random, split)
        shape.append(kind)
    singular, plural, rest = CUES[cue]
    verb, foil = (plural, singular) if number else (singular, plural)
    writer.mark("answer_number", NUMBERS[number])
    writer.ask("verb", verb, foil)
    writer.end("attractor_number")
    writer.say(f"{random.choice(rest)} .")
    entities = {
        "subject": subject, "number": NUMBERS[number], "cue": cue, "depth": str(depth),
        "attractor": attractor, "attractor_number": NUMBERS[attractor_number] if depth else "none",
    }  # fmt: skip
    template = "-".join([cue.lower(), *shape])
    return writer.finish(split, template, f"agreement:depth-{depth}", entities)


def _attractor(writer: Writer, random: Random, split: Split) -> tuple[str, int, str]:
    """Say a noun between subject and verb; give it, its number, and how it is attached."""
    number = random.randrange(2)
    noun = random.choice(NOUNS)[number]
    clause = random.random() >= 0.7
    verbs = random.choice(RELATIVE_VERBS) if clause else None
    writer.say("that the" if clause else f"{random.choice(PREPOSITIONS)} the")
    _adjectives(writer, random, split)
    writer.begin("attractor_number", NUMBERS[number])
    writer.name(noun)
    if verbs is None:
        return noun, number, "preposition"
    # Which of the four verbs stands here is free, so the word is emphasised no further.
    writer.say(verbs[number])
    return noun, number, "clause"


def _adjectives(writer: Writer, random: Random, split: Split) -> None:
    """Say some adjectives: they give training the test's distances without its nesting."""
    for _ in range(random.choice(ADJECTIVES_BEFORE[split])):
        writer.say(random.choice(ADJECTIVES))


_WORDS = {word for pair in (*NOUNS, *RELATIVE_VERBS) for word in pair}
_WORDS |= {word for one, many, rest in CUES.values() for word in (one, many, *rest)}
BEHAVIOUR = Behaviour(
    "agreement",
    draw,
    frozenset({*_WORDS, *CUES, *PREPOSITIONS, *ADJECTIVES, "the", "that", "."}),
    "deeper nesting: three nouns between subject and verb (training: up to two)",
    1.3,
)
