"""Labels from a function that a user names: a model of theirs, or rules.

The function gets the examples of a feature from the half of the text that labels are chosen on
(`atlas.dashboards.dashboard.Example`) and the tokens that the feature promotes, and gives a label:

    def label(examples, promoted): return "cities of Texas"

or, for a label that can be scored, `{"label": "cities of Texas", "predicate": {"tokens": ["Austin",
"Dallas"]}}`, where a predicate is one of a feature's entry (`LabelledTokens.mask`). Silent features
are not asked about.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from atlas.dashboards.activity import DECIMALS, Context
from atlas.dashboards.dashboard import AutomaticLabel, Example
from atlas.dashboards.dashboard_table import DashboardTable
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.entries.text import printable, quoted
from atlas.errors import BadInput
from atlas.methods.labelling.choosing import LabelSettings
from atlas.methods.labelling.firing import Levels
from atlas.methods.labelling.scoring import alike
from atlas.methods.labelling.token_classes import OUTSIDE, TokenClasses

LONGEST = 300  # characters of a label

Ask = Callable[[tuple[Example, ...], tuple[str, ...]], Any]


@dataclass(frozen=True)
class OwnLabeller:
    """A user's function and the name under which its labels are shown."""

    name: str  # `module:function`
    ask: Ask

    @classmethod
    def load(cls, name: str) -> OwnLabeller:
        """Import `module:function`. Raises BadInput."""
        module, _, function = name.partition(":")
        try:
            found = getattr(importlib.import_module(module), function) if function else None
        except Exception as error:  # whatever stands in a user's module
            raise _refusal(name, f"{type(error).__name__}: {error}") from error
        if not callable(found):
            raise _refusal(name, "nothing that can be called")
        return cls(name, found)

    def answer(
        self, feature: str, examples: tuple[Example, ...], promoted: tuple[str, ...]
    ) -> tuple[str, Mapping[str, Any] | None]:
        """The label of one feature, and its predicate if there is one. Raises BadInput."""
        where = f"{self.name}, feature {feature}"
        try:
            found = self.ask(examples, promoted)
        except Exception as error:  # whatever a user's function raises
            words = printable(f"{type(error).__name__}: {error}", LONGEST)
            raise BadInput(where, "a label", words) from error
        label, predicate = found, None
        if isinstance(found, Mapping) and set(found) <= {"label", "predicate"}:
            label, predicate = found.get("label"), found.get("predicate")
        if not isinstance(label, str) or not label.strip():
            expected = "text, or {label: text, predicate: …}"
            raise BadInput(where, expected, quoted(label))
        if len(label) > LONGEST:
            raise BadInput(where, f"at most {LONGEST} characters", f"{len(label)}")
        if predicate is not None and not isinstance(predicate, Mapping):
            raise BadInput(f"{where}, predicate", "a mapping", quoted(predicate))
        return printable(" ".join(label.split())), predicate


@dataclass(frozen=True)
class Labelled:
    """What own labels are scored on."""

    tokens: LabelledTokens
    context: Context
    classes: TokenClasses
    settings: LabelSettings


def own_labels(
    table: DashboardTable, own: OwnLabeller, given: Labelled
) -> Iterator[AutomaticLabel | None]:
    """A label for each feature, None for silent ones. Raises BadInput."""
    levels = Levels.of(table.activity, given.classes, given.settings.thresholds)
    scored = ~given.classes.chosen_words
    often = np.bincount(
        table.activity.owner, weights=scored[levels.word], minlength=len(table)
    ).astype(np.int64)
    others = alike(often, given.settings.others)
    for number in range(len(table)):
        if not table.activity.counts[number]:
            yield None
            continue
        feature = f"{table.layer}-{table.activity.index[number]}"
        examples, promoted = _shown(table, number, given)
        text, predicate = own.answer(feature, examples, promoted)
        if predicate is None:
            none = (None,) * 6
            yield AutomaticLabel(own.name, text, *none)
            continue
        try:
            holds = given.tokens.mask(predicate, given.context.strings)[given.classes.words]
        except (BadInput, TypeError, ValueError) as error:
            where = f"{own.name}, feature {feature}, predicate"
            raise BadInput(where, "one that can be judged", f"{error}"[:LONGEST]) from error
        tried = others[number][others[number] != OUTSIDE].tolist()
        yield _scored((own.name, text), holds, (levels, given.classes), [number, *tried])


def _shown(
    table: DashboardTable, number: int, given: Labelled
) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    """Examples from the half that labels are chosen on, and the promoted tokens."""
    dashboard = table.dashboard(number, given.context)
    examples = (*dashboard.top, *(each for band in dashboard.bands for each in band.examples))
    chosen = given.classes.chosen
    kept = tuple(example for example in examples if chosen[example.sequence])
    return kept, tuple(effect.token for effect in dashboard.promoted)


def _scored(
    label: tuple[str, str],
    holds: Bool[np.ndarray, " token"],
    of: tuple[Levels, TokenClasses],
    features: list[int],
) -> AutomaticLabel:
    """The score of a label's predicate on its feature, the first, and on others as its control."""
    levels, classes = of
    number, chosen = features[0], classes.chosen_words
    threshold = int(np.argmax(_f1(levels, number, holds, chosen)))
    tried = [_f1(levels, each, holds, ~chosen)[threshold] for each in features]
    word, reached = levels.of_feature(number)
    return AutomaticLabel(
        method=label[0],
        text=label[1],
        threshold=round(float(levels.thresholds[number, threshold]), DECIMALS),
        share=round(float(levels.shares[number, threshold]), DECIMALS),
        score=round(float(tried[0]), DECIMALS),
        control=round(float(max(tried[1:], default=0.0)), DECIMALS),
        said=int((~chosen[word] & (reached >= threshold)).sum()),
        held=int((holds & ~chosen).sum()),
    )


def _f1(
    levels: Levels, number: int, holds: Bool[np.ndarray, " token"], half: Bool[np.ndarray, " token"]
) -> np.ndarray:
    """F1 at each threshold on one half."""
    word, reached = levels.of_feature(number)
    word, reached = word[half[word]], reached[half[word]]
    count = levels.thresholds.shape[1]
    said, both = (
        np.cumsum(np.bincount(reached, weights=weights, minlength=count)[::-1])[::-1]
        for weights in (None, holds[word])
    )
    found: np.ndarray = 2 * both / np.maximum(said + (holds & half).sum(), 1)
    return found


def _refusal(name: str, found: str) -> BadInput:
    expected = "module:function, importable from here"
    return BadInput(f"--label-with {name}"[:LONGEST], expected, printable(found, LONGEST))
