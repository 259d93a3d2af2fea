"""The search of features as its rules say it: without an index, every text for every query."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from site_builder.feature_search.texts import FeatureText
from site_builder.feature_search.words import stem, words_of

known_stem = cache(stem)
WEIGHTS = {"label": 3, "triggers": 2, "promoted": 1}


def fields(text: FeatureText) -> list[tuple[str, float]]:
    """Each word of a feature with the weight of its field."""
    values = [("label", text.label)]
    values += [("triggers", each) for each in text.triggers]
    values += [("promoted", each) for each in text.promoted]
    return [(word, WEIGHTS[name]) for name, value in values for word in words_of(value)]


def kind(term: str, word: str, unfinished: bool) -> float:
    if term == word:
        return 1.0
    if known_stem(term) == known_stem(word):
        return 0.9
    return 0.7 if unfinished and term.startswith(word) else 0.0


def changes(left: str, right: str) -> int:
    """Optimal string alignment, written as its recurrence."""
    table = {(i, 0): i for i in range(len(left) + 1)}
    table |= {(0, j): j for j in range(len(right) + 1)}
    for i, a in enumerate(left, 1):
        for j, b in enumerate(right, 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b)
            )
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(left), len(right)]


def search(
    texts: Sequence[list[tuple[str, float]]],
    inside: Sequence[int],
    frequent: Sequence[str],
    query: str,
) -> dict[int, float]:
    """The score of every feature of `inside` that fits; `texts` as `fields` gives them."""
    words = words_of(query)
    asked = list(dict.fromkeys(words))[:6]
    lists = []
    for word in asked:
        unfinished = word == words[-1] and not query[-1].isspace()
        found = best(texts, inside, lambda term, w=word, u=unfinished: kind(term, w, u))
        if not found and len(word) >= 4 and word not in frequent:
            most = 2 if len(word) >= 8 else 1
            near = min(
                (
                    (changes(word, each), rank)
                    for rank, each in enumerate(frequent)
                    if abs(len(each) - len(word)) <= most
                ),
                default=(9, 0),
            )
            if near[0] <= most:
                chosen = frequent[near[1]]
                found = best(texts, inside, lambda term, c=chosen: 0.5 * (term == c))
        lists.append(found)
    if not lists:
        return {}
    together = set.intersection(*map(set, lists))
    rarity = [math.log(1 + len(inside) / max(len(found), 1)) for found in lists]
    return {
        each: sum(rare * found[each] for rare, found in zip(rarity, lists, strict=True))
        for each in together
    }


def best(texts, inside, kind_of) -> dict[int, float]:
    kinds = {term: kind_of(term) for term in {term for each in inside for term, _ in texts[each]}}
    found = {}
    for each in inside:
        weight = max((kinds[term] * field for term, field in texts[each]), default=0.0)
        if weight > 0:
            found[each] = weight
    return found
