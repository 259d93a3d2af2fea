"""What comes next: days, months, number words, numerals and letters."""

from __future__ import annotations

from collections.abc import Iterator

from microworld.cloze import Cloze, ClozeTable, others, split_of
from microworld.document import Behaviour
from microworld.lexicon.sequences import SERIES, successor

SHARE = 0.25
# `<` and `<<` stand for the item before and the one before that.
TEMPLATES = {
    "en": ("After {} comes", "The one after {} is", "< , {} ,", "<< , < , {} ,"),
    "es": ("Después de {} viene", "El siguiente a {} es", "< , {} ,", "<< , < , {} ,"),
    "fr": ("Après {} vient", "Le suivant de {} est", "< , {} ,", "<< , < , {} ,"),
    "any": ("After {} comes", "The one after {} is", "< , {} ,", "<< , < , {} ,"),
}


def _clozes() -> Iterator[Cloze]:
    for (kind, language), items in SERIES.items():
        for index, item in enumerate(items):
            following = successor(kind, language, index)
            for sentence in TEMPLATES[language]:
                if following is None or index < sentence.count("<"):
                    continue
                filled = sentence.replace("<<", items[index - 2]).replace("<", items[index - 1])
                unit = f"successor:{kind}:{language}:{item}:{sentence}"
                spoken = None if language == "any" else language
                yield Cloze(
                    behaviour="successor", group=f"{kind}-{language}", template=filled,
                    language=spoken, subject=item, answer=following, answer_kind="successor",
                    foils=others(items, following), unit=unit, split=split_of(unit, SHARE),
                    subject_latents={"series": kind, "item": f"{kind} {index + 1}"},
                    final_latents={
                        "relation": "successor",
                        "answer_item": f"{kind} {items.index(following) + 1}",
                    },
                    entities={"item": item, "kind": kind, "language": language,
                              "pattern": sentence},
                )  # fmt: skip


TABLE = ClozeTable(_clozes())
BEHAVIOUR = Behaviour(
    "successor", TABLE.draw, TABLE.words(), "a new template or language for a known item", 1.3
)
