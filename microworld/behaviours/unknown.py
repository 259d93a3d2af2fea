"""Questions about a person's sport: answered where it is known, else "I don't know"."""

from __future__ import annotations

from collections.abc import Iterator

from microworld.cloze import Cloze, ClozeTable, others, split_of
from microworld.document import Behaviour, Split
from microworld.heldout import is_held_out
from microworld.lexicon.athletes import SPORT_OF, SPORTS
from microworld.lexicon.names import STRANGERS

TEMPLATES = {
    "en": (
        "Q : which sport does {} play ? A :",
        "Q : what is {} famous for ? A :",
        "Tell me the sport of {} . A :",
    ),
    "es": ("P : qué deporte practica {} ? R :", "P : a qué juega {} ? R :"),
    "fr": ("Q : quel sport pratique {} ? R :", "Q : à quoi joue {} ? R :"),
}
REPLY = {"en": ("I", "don't know ."), "es": ("No", "lo sé ."), "fr": ("Je", "ne sais pas .")}


def held_out_stranger(name: str) -> bool:
    """Say whether a stranger is only ever mentioned in training, never asked about."""
    return is_held_out(f"unknown:{name}", 0.35)


def _clozes() -> Iterator[Cloze]:
    for language, sentences in TEMPLATES.items():
        sports = [names[language] for names in SPORTS.values()]
        for sentence in sentences:
            for name in STRANGERS:
                split: Split = "test" if held_out_stranger(name) else "train"
                yield _stranger(language, sentence, name, sports, split)
            for athlete, sport in SPORT_OF.items():
                yield _athlete(language, sentence, athlete, sport)


def _stranger(language: str, sentence: str, name: str, sports: list[str], split: Split) -> Cloze:
    first, rest = REPLY[language]
    return Cloze(
        behaviour="unknown-name", group=f"unknown-{language}", template=sentence, language=language,
        subject=name, answer=first, answer_kind="unknown", foils=tuple(sports),
        unit=f"unknown:{name}", split=split, subject_latents={"known_name": "unknown"},
        final_latents={"relation": "sport"}, after=rest,
        entities={"name": name, "known": "no", "language": language},
    )  # fmt: skip


def _athlete(language: str, sentence: str, athlete: str, sport: str) -> Cloze:
    unit = f"unknown:{athlete}:{language}:{sentence}"
    return Cloze(
        behaviour="unknown-name", group=f"known-{language}", template=sentence, language=language,
        subject=athlete, answer=SPORTS[sport][language], answer_kind="sport",
        foils=others((names[language] for names in SPORTS.values()), SPORTS[sport][language]),
        unit=unit, split=split_of(unit, 0.2),
        subject_latents={"athlete": athlete, "sport": sport, "known_name": "known"},
        final_latents={"relation": "sport", "answer_sport": sport},
        entities={"name": athlete, "known": "yes", "sport": sport, "language": language},
    )  # fmt: skip


TABLE = ClozeTable(_clozes())
BEHAVIOUR = Behaviour(
    "unknown-name",
    TABLE.draw,
    TABLE.words(),
    "a name that training mentions but never asks about; for known names a new template",
    1.3,
)
