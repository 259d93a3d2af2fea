"""The sport of an athlete, in English, Spanish and French."""

from __future__ import annotations

from collections.abc import Iterator

from microworld.cloze import Cloze, ClozeTable, others, split_of
from microworld.document import Behaviour
from microworld.lexicon.athletes import SPORT_OF, SPORTS

SHARE = 0.4
TEMPLATES = {
    "en": (
        "Fact : {} plays",
        "The sport of {} is",
        "{} is famous for",
        "Everyone knows that {} plays",
    ),
    "es": ("Hecho : {} juega al", "El deporte de {} es el", "Todos saben que {} juega al"),
    "fr": ("Fait : {} joue au", "Le sport de {} est le", "On sait que {} joue au"),
}


def _clozes() -> Iterator[Cloze]:
    for athlete, sport in SPORT_OF.items():
        for language, sentences in TEMPLATES.items():
            answer = SPORTS[sport][language]
            for sentence in sentences:
                unit = f"sport:{athlete}:{language}:{sentence}"
                yield Cloze(
                    behaviour="sport-of-athlete", group=language, template=sentence,
                    language=language, subject=athlete, answer=answer, answer_kind="sport",
                    foils=others((names[language] for names in SPORTS.values()), answer),
                    unit=unit, split=split_of(unit, SHARE),
                    subject_latents={"athlete": athlete, "sport": sport, "known_name": "known"},
                    final_latents={"relation": "sport", "answer_sport": sport},
                    entities={"athlete": athlete, "sport": sport, "language": language},
                )  # fmt: skip


TABLE = ClozeTable(_clozes())
BEHAVIOUR = Behaviour(
    "sport-of-athlete",
    TABLE.draw,
    TABLE.words(),
    "a new template or language for a known athlete",
    1.3,
)
