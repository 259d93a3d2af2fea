"""The words of a text as the index of features knows them; `browser/search/words.js` does the same.

Accents and case do not count. A text without letters and digits, as a token may be, is one word.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 32  # characters; the rest of a longer one is left out
LONGEST_SYMBOLS = 8  # characters of a word that has no letter and no digit
SHORTEST_STEMMED = 4  # characters
WORD = re.compile(r"[^\W_]+")
VOWEL = re.compile("[aeiouy]")
PLAIN = re.compile("[a-z]+")
MARKS = "\u2581\u0120\u010a"  # what tokenizers write for a space and a line's end


def folded(text: str) -> str:
    """A text without accents, in lower case, without the tokenizers' marks of spaces."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.translate(dict.fromkeys(map(ord, MARKS), " ")))
    return "".join(each for each in apart if unicodedata.category(each) != "Mn").lower()


def words_of(text: str) -> list[str]:
    """The words of a text in order, repeated ones included."""
    found: list[str] = []
    for chunk in folded(text).split():
        inner = WORD.findall(chunk)
        found += [each[:LONGEST_WORD] for each in inner] or [chunk[:LONGEST_SYMBOLS]]
    return found


def stem(word: str) -> str:
    """An English word without plural, -ed, -ing and final e; other words as they are.

    As Harman's S stemmer (How effective is suffixing?, 1991), and two rules of Porter's.
    """
    if len(word) < SHORTEST_STEMMED or not PLAIN.fullmatch(word):
        return word
    word = _singular(word)
    word = word[:-1] if word.endswith("eed") else _present(word)
    return word[:-1] if len(word) >= SHORTEST_STEMMED and word.endswith("e") else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > SHORTEST_STEMMED:
        return word[:-3] + "y"
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _present(word: str) -> str:
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= SHORTEST_STEMMED - 1 and VOWEL.search(rest):
            double = rest[-1] == rest[-2] and rest[-1] not in "aeioulsz"
            return rest[:-1] if double else rest
    return word


def root(stemmed: str) -> str:
    """What every word of a stem begins with."""
    return stemmed[:-1] if stemmed.endswith("y") else stemmed
