"""Made-up features: ordinary words in their forms, and what tokenizers hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from site_builder.feature_search.index_files import FeatureGroup
from site_builder.feature_search.texts import FeatureText
from tests.site_builder.example_library import ARABIC, HOSTILE

BASES = [
    "city",
    "state",
    "capital",
    "verb",
    "noun",
    "plural",
    "number",
    "bracket",
    "quote",
    "name",
    "refuse",
    "harm",
    "language",
    "french",
    "class",
    "box",
    "house",
    "make",
    "run",
    "agree",
    "sing",
    "string",
    "try",
    "carry",
    "digit",
    "sport",
    "player",
    "subject",
    "object",
    "house",
    "token",
    "begin",
    "close",
    "open",
    "count",
    "month",
    "day",
    "year",
    "river",
    "music",
    "poem",
    "code",
    "function",
    "return",
    "import",
]
ENDINGS = ("", "s", "ed", "ing", "es", "ies")
STRANGE = (
    "(", "==", "→", "<bos>", "</script>", "\u2581\n", "Ünïcödé", "naïve", "été", "日本", "Москва",
    ARABIC, HOSTILE, "x" * 10_000, "\ud7ff\uffee", "𝒜𝓁𝓅𝒽𝒶", "4-81", "don't",
)  # fmt: skip


def groups(per_layer: int, layers: int = 3) -> list[FeatureGroup]:
    """Layers of two dictionaries of each of two models."""
    found = [
        FeatureGroup(model, dictionary, layer, per_layer)
        for model in ("gpt2-small", "microworld")
        for dictionary in ("saes", "transcoders")
        for layer in range(layers)
    ]
    return sorted(found, key=lambda group: group.order)


def vocabulary(size: int, seed: int = 0) -> list[str]:
    """Words with endings, then made-up ones, then what tokenizers hold."""
    generator = np.random.default_rng(seed)
    words = [base + ending for base in BASES for ending in ENDINGS]
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    while len(words) < size:
        words.append("".join(generator.choice(letters, generator.integers(3, 10))))
    return [*words, *STRANGE]


def features(count: int, words: Sequence[str], seed: int = 1) -> Iterator[FeatureText]:
    """Features whose words are as uneven as a language's: the word of rank r about as 1/r."""
    generator = np.random.default_rng(seed)
    share = 1 / np.arange(8, len(words) + 8)
    chances = np.cumsum(generator.permutation(share) / share.sum())
    for start in range(0, count, 4096):
        many = min(4096, count - start)
        drawn = np.searchsorted(chances, generator.random((many, 16))).clip(max=len(words) - 1)
        labelled = generator.random(many) < 0.7
        for row, has_label in zip(drawn.tolist(), labelled.tolist(), strict=True):
            chosen = [words[each] for each in row]
            label = " ".join(chosen[:6])[:160] if has_label else ""
            triggers = tuple(dict.fromkeys(each[:160] for each in chosen[6:11]))
            promoted = tuple(dict.fromkeys(each[:160] for each in chosen[11:]))
            yield FeatureText(label, False, triggers, promoted)
