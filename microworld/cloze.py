"""Sentences with one slot and one answer: the shape of facts, sports, antonyms and successors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from microworld.document import Document, Split, Writer
from microworld.heldout import is_held_out


@dataclass(frozen=True)
class Cloze:
    """One sentence about one subject. `template` holds `{}` where the subject stands."""

    behaviour: str
    group: str  # documents are drawn group first, so that small groups are not drowned
    template: str
    language: str | None
    subject: str
    answer: str
    answer_kind: str
    foils: tuple[str, ...]
    unit: str
    split: Split
    subject_latents: Mapping[str, str] = field(default_factory=dict)
    final_latents: Mapping[str, str] = field(default_factory=dict)
    entities: Mapping[str, str] = field(default_factory=dict)
    after: str = "."


def write_cloze(cloze: Cloze, random: Random) -> Document:
    """Write a cloze sentence with its answer, latents at the subject and at the last word."""
    writer = Writer(cloze.behaviour, cloze.language)
    before, after = cloze.template.split("{}")
    writer.say(before)
    writer.name(cloze.subject, cloze.subject_latents)
    writer.say(after)
    for latent, value in cloze.final_latents.items():
        writer.mark(latent, value)
    writer.ask(cloze.answer_kind, cloze.answer, random.choice(cloze.foils))
    writer.say(cloze.after)
    return writer.finish(cloze.split, cloze.template, cloze.unit, cloze.entities)


class ClozeTable:
    """All cloze sentences of a behaviour by split and group; draws a group, then a sentence."""

    def __init__(self, clozes: Iterable[Cloze]) -> None:
        self.by_split: dict[Split, dict[str, list[Cloze]]] = {"train": {}, "test": {}}
        for cloze in clozes:
            self.by_split[cloze.split].setdefault(cloze.group, []).append(cloze)
        self.groups: dict[Split, list[list[Cloze]]] = {
            "train": list(self.by_split["train"].values()),
            "test": list(self.by_split["test"].values()),
        }

    def draw(self, random: Random, split: Split) -> Document:
        """Draw one document of a split."""
        groups = self.groups[split]
        # The square root of a group's size: a compromise between groups and sentences drawn evenly.
        group = random.choices(groups, [len(group) ** 0.5 for group in groups])[0]
        return write_cloze(random.choice(group), random)

    def words(self) -> frozenset[str]:
        """Give every token that a sentence of the table can hold."""
        words: set[str] = set()
        for groups in self.groups.values():
            for cloze in (cloze for group in groups for cloze in group):
                words |= {cloze.subject, cloze.answer, *cloze.foils, *cloze.after.split()}
                words |= set(cloze.template.replace("{}", " ").split())
        return frozenset(words)


def split_of(unit: str, share: float) -> Split:
    """Give the split of a unit, when `share` of all units is held out."""
    return "test" if is_held_out(unit, share) else "train"


def others(values: Iterable[str], but: str) -> tuple[str, ...]:
    """Give the distinct values that are not `but`, in order: the wrong answers of the same kind."""
    return tuple(value for value in dict.fromkeys(values) if value != but)
