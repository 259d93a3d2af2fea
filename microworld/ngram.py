"""An n-gram baseline: the most frequent next word after the longest context that training has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from microworld.evaluate import documents, prompt_ids
from microworld.grammar import ASKING
from microworld.tokenizer import vocabulary

ORDER = 5  # words of context at most, which covers every template's last words


class NgramBaseline:
    """Backs off from `order` words of context to fewer until the context has been seen."""

    def __init__(self, sequences: Int[np.ndarray, "sequence position"], order: int = ORDER) -> None:
        self.order = order
        self.counts: list[dict[tuple[int, ...], Counter[int]]] = [
            defaultdict(Counter) for _ in range(order + 1)
        ]
        for sequence in sequences.tolist():
            for position in range(1, len(sequence)):
                for length in range(min(order, position) + 1):
                    context = tuple(sequence[position - length : position])
                    self.counts[length][context][sequence[position]] += 1

    def predict(self, context: Sequence[int]) -> int:
        """Give the most frequent next token after the longest known end of `context`."""
        for length in range(min(self.order, len(context)), -1, -1):
            known = self.counts[length].get(tuple(context[len(context) - length :]))
            if known:
                return known.most_common(1)[0][0]
        return 0


def baseline_accuracies(baseline: NgramBaseline, count: int) -> dict[str, float]:
    """Measure the baseline on the held-out documents that the model is measured on."""
    words = vocabulary()
    measured = {}
    for behaviour in ASKING:
        drawn = documents(behaviour, "test", count)
        right = [
            document.answer is not None
            and words[baseline.predict(prompt_ids(document))] in document.answer.accepted
            for document in drawn
        ]
        measured[behaviour] = float(np.mean(right))
    return measured
