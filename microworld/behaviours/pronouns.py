"""The pronoun that agrees with the gender of the subject's name, with another name in between."""

from __future__ import annotations

from random import Random

from microworld.document import Behaviour, Document, Split, Writer
from microworld.heldout import is_held_out
from microworld.lexicon.names import FIRST_NAMES, GENDER_OF

SUBJECT = {"female": "she", "male": "he"}
POSSESSIVE = {"female": "her", "male": "his"}
# `{}` is the person, `<other>` someone else; the pronoun follows the last word.
TEMPLATES = (
    ("{} says that", SUBJECT, "is tired ."),
    ("{} stayed at home because", SUBJECT, "is ill ."),
    ("{} , who knows <other> , says that", SUBJECT, "is late ."),
    ("{} left the party of <other> because", SUBJECT, "is ill ."),
    ("{} forgot", POSSESSIVE, "hat ."),
    ("{} , a friend of <other> , lost", POSSESSIVE, "bag ."),
    ("Now {} , not <other> , must find", POSSESSIVE, "map ."),
    ("It was {} who told <other> that", SUBJECT, "is late ."),
)
SHARE = 0.15


def draw(random: Random, split: Split) -> Document:
    """Draw a sentence; held out are pairs of a name and a template."""
    while True:
        name = random.choice(FIRST_NAMES)
        template, pronouns, after = random.choice(TEMPLATES)
        unit = f"pronoun:{name}:{template}"
        if is_held_out(unit, SHARE) == (split == "test"):
            break
    gender = GENDER_OF[name]
    other = random.choice([candidate for candidate in FIRST_NAMES if candidate != name])
    writer = Writer("pronoun-gender", "en")
    entities = {"name": name, "gender": gender}
    for word in template.split():
        if word == "{}":
            writer.name(name, {"gender": gender})
        elif word == "<other>":
            writer.begin("other_gender", GENDER_OF[other])
            writer.name(other)
            entities |= {"other": other, "other_gender": GENDER_OF[other]}
        else:
            writer.say(word)
    foil = pronouns["male" if gender == "female" else "female"]
    writer.mark("answer_gender", gender)
    writer.ask("pronoun", pronouns[gender], foil)
    writer.say(after)
    return writer.finish(split, template, unit, entities)


_WORDS = {
    word
    for template, pronouns, after in TEMPLATES
    for word in (*template.split(), *pronouns.values(), *after.split())
    if word not in ("{}", "<other>")
}
BEHAVIOUR = Behaviour(
    "pronoun-gender",
    draw,
    frozenset({*_WORDS, *FIRST_NAMES}),
    "a new template for a known name",
    0.7,
)
