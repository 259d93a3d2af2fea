"""Opposites in three languages, and translations, which make the model tell the two apart."""

from __future__ import annotations

from collections.abc import Iterator

from microworld.cloze import Cloze, ClozeTable, others, split_of
from microworld.document import Behaviour
from microworld.lexicon.antonyms import LANGUAGES, OPPOSITE_OF, WORD_OF

SHARE = 0.3
TRANSLATION_SHARE = 0.15
OPPOSITE = {
    "en": (
        "The opposite of {} is",
        "Fact : the opposite of {} is",
        "{} is the opposite of",
        "Not {} but",
    ),
    "es": (
        "Lo contrario de {} es",
        "Hecho : lo contrario de {} es",
        "{} es lo contrario de",
        "No {} sino",
    ),
    "fr": (
        "Le contraire de {} est",
        "Fait : le contraire de {} est",
        "{} est le contraire de",
        "Pas {} mais",
    ),
}
# (language of the sentence and the given word, language asked for) -> sentences
TRANSLATION = {
    ("en", "es"): (
        "The Spanish word for {} is",
        "{} in Spanish is",
        "The translation of {} into Spanish is",
    ),
    ("en", "fr"): (
        "The French word for {} is",
        "{} in French is",
        "The translation of {} into French is",
    ),
    ("es", "en"): (
        "La palabra inglesa para {} es",
        "{} en inglés es",
        "La traducción de {} al inglés es",
    ),
    ("es", "fr"): (
        "La palabra francesa para {} es",
        "{} en francés es",
        "La traducción de {} al francés es",
    ),
    ("fr", "en"): (
        "Le mot anglais pour {} est",
        "{} en anglais est",
        "La traduction de {} en anglais est",
    ),
    ("fr", "es"): (
        "Le mot espagnol pour {} est",
        "{} en espagnol est",
        "La traduction de {} en espagnol est",
    ),
}


def _antonyms() -> Iterator[Cloze]:
    for concept, opposite in OPPOSITE_OF.items():
        for language in LANGUAGES:
            answer = WORD_OF[opposite][language]
            for sentence in OPPOSITE[language]:
                unit = f"antonym:{concept}:{language}:{sentence}"
                yield Cloze(
                    behaviour="antonym", group=language, template=sentence, language=language,
                    subject=WORD_OF[concept][language], answer=answer, answer_kind="antonym",
                    foils=others((word[language] for word in WORD_OF.values()), answer),
                    unit=unit, split=split_of(unit, SHARE), subject_latents={"concept": concept},
                    final_latents={"relation": "opposite", "answer_concept": opposite,
                                   "answer_language": language},
                    entities={"word": WORD_OF[concept][language], "concept": concept,
                              "opposite": opposite, "language": language},
                )  # fmt: skip


def _translations() -> Iterator[Cloze]:
    for concept, words in WORD_OF.items():
        for (source, target), sentences in TRANSLATION.items():
            if words[source] == words[target]:
                continue
            for sentence in sentences:
                unit = f"translation:{concept}:{source}:{target}:{sentence}"
                yield Cloze(
                    behaviour="translation", group=f"{source}-{target}", template=sentence,
                    language=source,
                    subject=words[source], answer=words[target], answer_kind="translation",
                    foils=others((word[target] for word in WORD_OF.values()), words[target]),
                    unit=unit, split=split_of(unit, TRANSLATION_SHARE),
                    subject_latents={"concept": concept},
                    final_latents={"relation": "translation", "answer_concept": concept,
                                   "answer_language": target},
                    entities={"word": words[source], "concept": concept, "language": source,
                              "answer_language": target},
                )  # fmt: skip


ANTONYMS = ClozeTable(_antonyms())
TRANSLATIONS = ClozeTable(_translations())
_UNIT = "a new template or language for a known pair"
ANTONYM = Behaviour("antonym", ANTONYMS.draw, ANTONYMS.words(), _UNIT, 1.8)
TRANSLATE = Behaviour("translation", TRANSLATIONS.draw, TRANSLATIONS.words(), _UNIT, 1.3, 0.9)
