"""The true latents of the small language: their names and values, and their codes per token."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from jaxtyping import Int

from microworld.behaviours.brackets import KIND_NAMES, QUOTES
from microworld.document import Document
from microworld.lexicon.antonyms import LANGUAGES, OPPOSITE_OF
from microworld.lexicon.athletes import SPORT_OF, SPORTS
from microworld.lexicon.countries import COUNTRIES
from microworld.lexicon.names import FIRST_NAMES
from microworld.lexicon.nouns import CUES
from microworld.lexicon.requests import OBJECTS, VERBS
from microworld.lexicon.sequences import SERIES
from microworld.lexicon.states import STATE_NAMES

NOT_DEFINED = -1

_NUMBER = ("singular", "plural")
_GENDER = ("female", "male")
_DIGITS = tuple("0123456789")
_COUNTRIES = tuple(country.id for country in COUNTRIES)
_BRACKET_KINDS = tuple(name for opener, name in KIND_NAMES.items() if opener not in QUOTES)
_QUOTE_KINDS = tuple(KIND_NAMES[opener] for opener in QUOTES)
_CONCEPTS = tuple(OPPOSITE_OF)


def _items() -> tuple[str, ...]:
    """Name the places in the series, without the hundred numerals, which would fill the codes."""
    longest = {kind: len(items) for (kind, _), items in SERIES.items() if kind != "numeral"}
    return tuple(
        f"{kind} {place + 1}" for kind, length in longest.items() for place in range(length)
    )


# Name -> values; a token's code is the place of its value here.
LATENTS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        # what is said, and about what
        "language": LANGUAGES,
        "state": STATE_NAMES,
        "country": _COUNTRIES,
        "athlete": tuple(SPORT_OF),
        "sport": tuple(SPORTS),
        "known_name": ("known", "unknown"),
        "concept": _CONCEPTS,
        "name": FIRST_NAMES,
        "gender": _GENDER,
        "other_gender": _GENDER,
        "subject_number": _NUMBER,
        "attractor_number": _NUMBER,
        "verb_cue": tuple(CUES),
        "open_brackets": tuple("0123456"),
        "open_kind": _BRACKET_KINDS,
        "open_quote": _QUOTE_KINDS,
        "quote_depth": tuple("123456"),
        "pass": ("first", "second"),
        "duplicated_name": FIRST_NAMES,
        "name_order": ("ABBA", "BABA"),
        "century": tuple(str(century) for century in range(11, 20)),
        "start_year": tuple(f"{year:02d}" for year in range(100)),
        "start_decade": _DIGITS,
        "first_tens": _DIGITS,
        "first_ones": _DIGITS,
        "second_tens": _DIGITS,
        "second_ones": _DIGITS,
        "tens_sum": tuple(str(number) for number in range(19)),
        "ones_sum": tuple(str(number) for number in range(19)),
        "carry": ("no", "yes"),
        "sum_tens": _DIGITS,
        "sum_ones": _DIGITS,
        "series": tuple(dict.fromkeys(kind for kind, _ in SERIES)),
        "item": _items(),
        "request_verb": tuple(VERBS),
        "request_object": tuple(OBJECTS),
        "harmful": ("no", "yes"),
        # what is about to be said: only at the token before
        "next_answer": (
            "abbreviation", "antonym", "capital", "closer", "digit", "language", "name", "pronoun",
            "region", "reply", "sport", "state", "successor", "translation", "unknown", "verb",
            "word", "year",
        ),
        "relation": (
            "capital", "state", "abbreviation", "region", "language", "sport", "opposite",
            "translation", "successor",
        ),
        "answer_capital_of": STATE_NAMES,
        "answer_state_of": STATE_NAMES,
        "answer_abbreviation_of": STATE_NAMES,
        "answer_region_of": STATE_NAMES,
        "answer_capital_of_country": _COUNTRIES,
        "answer_language_of_country": _COUNTRIES,
        "answer_sport": tuple(SPORTS),
        "answer_concept": _CONCEPTS,
        "answer_language": LANGUAGES,
        "answer_number": _NUMBER,
        "answer_closer": (*_BRACKET_KINDS, *_QUOTE_KINDS),
        "answer_carry": ("yes", "no"),
        "answer_gender": _GENDER,
        "answer_item": _items(),
        "indirect_object": FIRST_NAMES,
        "refuses": ("no", "yes"),
    }
)  # fmt: skip

_CODES = {
    name: {value: code for code, value in enumerate(values)} for name, values in LATENTS.items()
}


def latent_codes(
    rows: Sequence[Sequence[Document]], positions: int
) -> dict[str, Int[np.ndarray, "sequence position"]]:
    """Give each latent's code at each token of packed rows; documents start at position 1.

    Values that a latent does not list (numerals as `item`) stay undefined.
    """
    codes = {name: np.full((len(rows), positions), NOT_DEFINED, dtype=np.int8) for name in LATENTS}
    for row, documents in enumerate(rows):
        start = 1
        for document in documents:
            for span in document.spans:
                code = _CODES[span.latent].get(span.value, NOT_DEFINED)
                codes[span.latent][row, start + span.start : start + span.stop] = code
            start += len(document.tokens)
    return codes
