"""A document of the small language: words, the latents at each, and the answer asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Split = Literal["train", "test"]

# Words that open sentences in more than one language: the language is not known there yet.
SHARED_OPENERS = frozenset({"La", "Q", ":", "El", "Le"})


@dataclass(frozen=True, slots=True)
class Span:
    """A latent that holds for tokens start (included) to stop (excluded)."""

    latent: str
    value: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The one token that a document asks for: its position, the answers accepted, a wrong one."""

    position: int
    token: str
    foil: str
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Document:
    """One generated text. `unit` is what the held-out rule of its behaviour looks at."""

    behaviour: str
    split: Split
    tokens: tuple[str, ...]
    spans: tuple[Span, ...]
    answer: Answer | None
    emphasis: tuple[int, ...]
    template: str
    unit: str
    entities: Mapping[str, str]


@dataclass(frozen=True)
class Behaviour:
    """One behaviour: how to draw its documents, its words, and what is held out from training."""

    id: str
    draw: Callable[[Random, Split], Document]
    words: frozenset[str]
    held_out: str
    weight: float  # share of training documents, before normalisation
    target: float | None = 0.97  # accuracy aimed at on held-out units; None: filler without answer


@dataclass
class Writer:
    """Collects words and latents of one document in the order in which they are said."""

    behaviour: str
    language: str | None = None
    tokens: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    emphasis: list[int] = field(default_factory=list)
    running: dict[str, tuple[str, int]] = field(default_factory=dict)
    answer: Answer | None = None

    def say(self, words: str) -> None:
        """Say space-separated words; the language holds from the first word that shows it."""
        for word in words.split():
            if self.language and word not in SHARED_OPENERS:
                self.begin("language", self.language)
                self.language = None
            self.tokens.append(word)

    def name(self, token: str, latents: Mapping[str, str] | None = None) -> None:
        """Say one token that may hold spaces; its `latents` hold from it to the document's end."""
        for latent, value in (latents or {}).items():
            self.begin(latent, value)
        self.tokens.append(token)

    def begin(self, latent: str, value: str) -> None:
        """Let a latent hold from the next token on, ending any earlier value of it."""
        self.end(latent)
        self.running[latent] = (value, len(self.tokens))

    def end(self, latent: str) -> None:
        """Let a latent hold no longer from the next token on."""
        if latent in self.running:
            value, start = self.running.pop(latent)
            if start < len(self.tokens):
                self.spans.append(Span(latent, value, start, len(self.tokens)))

    def mark(self, latent: str, value: str) -> None:
        """Let a latent hold at the last token only."""
        self.spans.append(Span(latent, value, len(self.tokens) - 1, len(self.tokens)))

    def expect(self, kind: str, token: str) -> None:
        """Say a token that can be predicted: it is emphasised, and `next_answer` marks its kind."""
        self.mark("next_answer", kind)
        self.emphasis.append(len(self.tokens))
        self.tokens.append(token)

    def ask(self, kind: str, token: str, foil: str, accepted: frozenset[str] | None = None) -> None:
        """Say the token that this document asks for, and keep a wrong answer of the same kind."""
        self.answer = Answer(len(self.tokens), token, foil, accepted or frozenset({token}))
        self.expect(kind, token)

    def finish(
        self, split: Split, template: str, unit: str, entities: Mapping[str, str]
    ) -> Document:
        """Close all latents and give the document."""
        for latent in list(self.running):
            self.end(latent)
        return Document(
            self.behaviour, split, tuple(self.tokens), tuple(self.spans), self.answer,
            tuple(self.emphasis), template, unit, entities,
        )  # fmt: skip
