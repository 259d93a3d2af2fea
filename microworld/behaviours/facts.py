"""One-hop facts: cities, states, capitals, regions, abbreviations; countries in three languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from microworld.cloze import Cloze, ClozeTable, others, split_of
from microworld.document import Behaviour
from microworld.lexicon.countries import COUNTRIES
from microworld.lexicon.states import REGIONS, STATE_NAMES, STATES

SHARE = 0.12

CITY_TO_STATE = {
    "en": (
        "Fact : {} is in the state of", "The state containing {} is", "{} is a city in",
        "Q : which state contains {} ? A :", "The state with the city of {} is",
    ),
    "es": ("Hecho : {} es una ciudad de", "El estado que contiene {} es"),
    "fr": ("Fait : {} est une ville de", "Le même état que {} est"),
}  # fmt: skip
STATE_TO_CAPITAL = {
    "en": (
        "Fact : the capital of {} is", "The capital city of {} is",
        "The state of {} has its capital in",
        "Q : what is the capital of {} ? A :", "People in {} know that their state capital is",
    ),
    "es": ("Hecho : la capital de {} es", "La capital del estado de {} es"),
    "fr": ("Fait : la capitale de {} est", "La capitale du grand état de {} est"),
}  # fmt: skip
CAPITAL_TO_STATE = {
    "en": ("Fact : {} is the capital of", "The state whose capital is {} is"),
    "es": ("{} es la capital de",),
    "fr": ("{} est la capitale de",),
}
STATE_TO_ABBREVIATION = {
    "en": ("Fact : the abbreviation of {} is", "{} is shortened to"),
    "es": ("La abreviatura de {} es",),
    "fr": ("Le sigle de {} est",),
}
STATE_TO_REGION = {"en": ("Fact : the region of {} is the", "{} lies in the region of the")}
COUNTRY_TO_CAPITAL = {
    "en": (
        "Fact : the capital of {} is",
        "The capital city of {} is",
        "The government of {} sits in",
    ),
    "es": ("Hecho : la capital de {} es", "El gobierno de {} está en"),
    "fr": ("Fait : la capitale de {} est", "Le gouvernement de {} siège à"),
}
COUNTRY_TO_LANGUAGE = {
    "en": ("Fact : the language of {} is", "People in {} speak"),
    "es": ("Hecho : el idioma de {} es", "La gente de {} habla"),
    "fr": ("Fait : la langue de {} est", "Les gens de {} parlent"),
}


@dataclass(frozen=True)
class _Relation:
    """One kind of question with its sentences and all answers that it can have."""

    kind: str
    sentences: Mapping[str, tuple[str, ...]]
    answers: tuple[str, ...]


def _clozes() -> Iterator[Cloze]:
    in_state = _Relation("state", CITY_TO_STATE, STATE_NAMES)
    whose = _Relation("state", CAPITAL_TO_STATE, STATE_NAMES)
    capital = _Relation("capital", STATE_TO_CAPITAL, tuple(state.capital for state in STATES))
    short = _Relation(
        "abbreviation", STATE_TO_ABBREVIATION, tuple(state.abbreviation for state in STATES)
    )
    region = _Relation("region", STATE_TO_REGION, REGIONS)
    for state in STATES:
        latents = {"state": state.name}
        for city in (*state.cities, state.capital):
            yield from _rows(in_state, city, state.name, latents)
        yield from _rows(capital, state.name, state.capital, latents)
        yield from _rows(whose, state.capital, state.name, latents)
        yield from _rows(short, state.name, state.abbreviation, latents)
        yield from _rows(region, state.name, state.region, latents)
    yield from _country_clozes()


def _country_clozes() -> Iterator[Cloze]:
    for country in COUNTRIES:
        for language in ("en", "es", "fr"):
            capitals = tuple(other.capital[language] for other in COUNTRIES)
            languages = tuple(other.language[language] for other in COUNTRIES)
            for relation, answer in (
                (
                    _Relation("capital", {language: COUNTRY_TO_CAPITAL[language]}, capitals),
                    country.capital[language],
                ),
                (
                    _Relation("language", {language: COUNTRY_TO_LANGUAGE[language]}, languages),
                    country.language[language],
                ),
            ):
                latents = {"country": country.id}
                yield from _rows(relation, country.name[language], answer, latents)


def _rows(
    relation: _Relation, subject: str, answer: str, latents: Mapping[str, str]
) -> Iterator[Cloze]:
    kind = relation.kind
    final = {"relation": kind}
    if "state" in latents:
        final[f"answer_{kind}_of"] = latents["state"]
    if "country" in latents:
        final[f"answer_{kind}_of_country"] = latents["country"]
    for language, sentences in relation.sentences.items():
        for number, sentence in enumerate(sentences):
            unit = f"fact:{kind}:{subject}:{language}:{number}:{sentence}"
            yield Cloze(
                behaviour="one-hop-fact", group=f"{next(iter(latents))}-{kind}", template=sentence,
                language=language, subject=subject, answer=answer, answer_kind=kind,
                foils=others(relation.answers, answer), unit=unit, split=split_of(unit, SHARE),
                subject_latents=latents, final_latents=final,
                entities={
                    **latents, "subject": subject, "answer": answer, "language": language,
                    "relation": kind,
                },
            )  # fmt: skip


TABLE = ClozeTable(_clozes())
BEHAVIOUR = Behaviour(
    "one-hop-fact", TABLE.draw, TABLE.words(), "a new template or language for a known pair", 3.0
)
