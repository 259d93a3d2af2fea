"""What a label can say of a token: the classes that the tokens of a text fall into.

A family puts each token into one class at most: which token it is, the one before, the one after,
its place in its sentence, the kind of text, and for each latent of a labelled text its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int, Int64
from scipy.sparse import csr_array

from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.entries.text import printable
from atlas.methods.labelling.joint_counts import JointCounts
from atlas.methods.score_features import random_half

Method = Literal["trigger tokens", "promoted tokens", "context", "latent"]
METHODS: tuple[Method, ...] = ("trigger tokens", "promoted tokens", "context", "latent")
SENTENCE_ENDS = frozenset({".", "!", "?", "\n"})
LATE = 9  # from this place in a sentence on, places are one class
TOKEN_SHOWN = 40  # characters of a token in a label
WORD_MARKS = "\u0120\u2581 "  # how tokenizers write the space before a word
OUTSIDE = -1  # of a token that is in no class of a family


@dataclass(frozen=True)
class Family:
    """Classes that do not overlap; `values` are the words for each code."""

    method: Method
    phrase: str  # a label is "<phrase> <value or value …>"
    codes: Int[np.ndarray, "sequence position"]
    values: Sequence[str]

    def label(self, codes: Sequence[int]) -> str:
        """Some of its classes in words."""
        words = [self.values[code] for code in codes]
        listed = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
        return f"{self.phrase} {listed}"


@dataclass(frozen=True)
class TokenClasses:
    """All classes of a text's tokens that count, and the half that labels are chosen on."""

    families: tuple[Family, ...]
    words: Bool[np.ndarray, "sequence position"]  # the tokens that count
    chosen: Bool[np.ndarray, " sequence"]  # on which labels are chosen; the rest scores them

    @classmethod
    def of(cls, labelled: LabelledTokens, strings: Sequence[str], seed: int) -> TokenClasses:
        """The classes of a text, whose tokens are spelt by `strings`."""
        chosen = random_half(len(labelled.tokens), seed)
        return cls(tuple(families(labelled, strings)), labelled.is_word(), chosen)

    @cached_property
    def number(self) -> Int64[np.ndarray, "sequence position"]:
        """Each token's number among those that count."""
        found = np.full(self.words.shape, OUTSIDE, dtype=np.int64)
        found[self.words] = np.arange(int(self.words.sum()))
        return found

    @cached_property
    def chosen_words(self) -> Bool[np.ndarray, " token"]:
        """By number, whether a token is one that labels are chosen on."""
        found: np.ndarray = np.broadcast_to(self.chosen[:, None], self.words.shape)[self.words]
        return found

    @cached_property
    def starts(self) -> Int64[np.ndarray, " edge"]:
        """The first class of each family, and the number of classes."""
        return np.cumsum([0, *(len(family.values) for family in self.families)])

    @cached_property
    def family(self) -> Int64[np.ndarray, " class"]:
        """The number of each class's family."""
        return np.repeat(np.arange(len(self.families)), np.diff(self.starts))

    @cached_property
    def members(self) -> csr_array:
        """Tokens that count by classes: 1 where a token is in a class."""
        token, class_ = [], []
        for family, start in zip(self.families, self.starts[:-1], strict=True):
            codes = family.codes[self.words].astype(np.int64)
            inside = np.flatnonzero(codes != OUTSIDE)
            token.append(inside)
            class_.append(codes[inside] + start)
        row, column = np.concatenate(token), np.concatenate(class_)
        shape = (int(self.words.sum()), int(self.starts[-1]))
        return csr_array((np.ones(len(row), dtype=np.int32), (row, column)), shape=shape)

    def sizes(self, half: Bool[np.ndarray, " token"]) -> Int64[np.ndarray, " class"]:
        """How many tokens of a half are in each class."""
        found: np.ndarray = (half.astype(np.int64) @ self.members).astype(np.int64)
        return found

    @cached_property
    def together(self) -> JointCounts:
        """How many tokens of the half that scores are in each two classes."""
        members = self.members[~self.chosen_words]
        joint = (members.T.tocsr() @ members).tocoo()
        many = members.shape[1]
        key = joint.row.astype(np.int64) * many + joint.col
        order = np.argsort(key, kind="stable")
        return JointCounts(key[order], joint.data[order].astype(np.int64)[:, None], many)

    def label(self, classes: Sequence[int]) -> str:
        """Classes of one family in words."""
        family = int(self.family[classes[0]])
        return self.families[family].label([each - int(self.starts[family]) for each in classes])


def families(labelled: LabelledTokens, strings: Sequence[str]) -> list[Family]:
    """Every family that a text has."""
    tokens = labelled.tokens.astype(np.int64)
    words = [f"“{shown(string)}”" for string in strings]
    before, after = np.full_like(tokens, OUTSIDE), np.full_like(tokens, OUTSIDE)
    before[:, 1:] = tokens[:, :-1]
    after[:, :-1] = np.where(labelled.is_word()[:, 1:], tokens[:, 1:], OUTSIDE)
    found = [
        Family("trigger tokens", "the token", tokens, words),
        Family("promoted tokens", "before", after, words),
        sentence_places(tokens, strings),  # before the next one, which says the same with "."
        Family("context", "after", before, words),
    ]
    if labelled.behaviours:
        kinds = np.broadcast_to(labelled.behaviour[:, None], tokens.shape)
        names = [spoken(name) for name in labelled.behaviours]
        found.append(Family("context", "in text of the kind", kinds, names))
    for name in labelled.latents:
        codes, values = labelled.latent(name)
        found.append(Family("latent", f"{spoken(name)} is", codes, [spoken(v) for v in values]))
    return found


def sentence_places(tokens: Int[np.ndarray, "sequence position"], strings: Sequence[str]) -> Family:
    """How many tokens after the end of the last sentence, or the start of the text."""
    ends = np.array([string.strip(WORD_MARKS) in SENTENCE_ENDS for string in strings])
    position = np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape)
    begins = np.zeros_like(tokens)
    begins[:, 1:] = np.maximum.accumulate(np.where(ends[tokens], position, 0), axis=1)[:, :-1]
    places = np.minimum(position - begins, LATE) - 1
    names = [f"{place} of its sentence" for place in range(1, LATE)]
    return Family("context", "token", places, [*names, f"{LATE} or later of its sentence"])


def shown(token: str) -> str:
    """A token as a label quotes it."""
    return printable(token.strip(WORD_MARKS) or token, TOKEN_SHOWN)


def spoken(name: str) -> str:
    """A name of a latent, value or behaviour in words, safe to print."""
    return printable(name.replace("_", " "), TOKEN_SHOWN)
