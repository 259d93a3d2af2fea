"""Do features mean something: how well single features tell the true latents, held out.

For each latent and value, the best feature and threshold are chosen by F1 on one half of the
sequences and scored on the other half. The control does the same with the latent's values shuffled
over tokens: it says what choosing among thousands of features finds where there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from atlas.dashboards.labelled_tokens import UNDEFINED, LabelledTokens
from atlas.errors import BadInput
from atlas.methods.activations import SparseActivations
from atlas.methods.best_threshold import Entries, best_cuts, counts_at

Places = Literal["all", "first"]


@dataclass(frozen=True)
class ScoreSettings:
    """How features are scored."""

    latents: tuple[str, ...] | None = None  # None: all that the token file holds
    places: Places = "all"  # first: only the first token of each run of equal values
    minimum_positives: int = 10  # in each half; rarer values say little either way
    seed: int = 0  # of the halves and of the control's shuffling


@dataclass(frozen=True)
class LatentScore:
    """The best single feature for one value of a latent; counts and scores are held out."""

    latent: str
    value: str
    layer: int
    index: int
    threshold: float  # the feature says yes at activations of at least this
    precision: float
    recall: float
    f1: float
    control_f1: float  # of the best feature for shuffled values
    positives: int
    tokens: int


@dataclass(frozen=True)
class PredicateScore:
    """How well one feature tells a predicate; scores are held out."""

    threshold: float
    precision: float
    recall: float
    f1: float
    control_f1: float
    positives: int
    tokens: int


def score_latents(
    activations: SparseActivations,
    labelled: LabelledTokens,
    settings: ScoreSettings = ScoreSettings(),  # noqa: B008  frozen, so safe to share
) -> tuple[LatentScore, ...]:
    """The best single feature of a dictionary for each value of each latent.

    A latent is judged at the tokens where it is defined. Works with the activations of any
    dictionary on the token file's sequences, one row per sequence.

    Raises:
        BadInput: activations of other sequences than the file's.
    """
    if activations.shape != labelled.tokens.shape:
        raise BadInput(
            "activations", f"of the token file's {labelled.tokens.shape}", f"{activations.shape}"
        )
    halves = _split(_entries(activations), labelled.is_word(), settings.seed)
    generator = np.random.default_rng(settings.seed)
    scores: list[LatentScore] = []
    for name in settings.latents if settings.latents is not None else labelled.latents:
        codes, values = labelled.latent(name)
        if settings.places == "first":
            codes = _first_of_run(codes)
        shuffled = _shuffled(codes, labelled.is_word(), generator)
        true, control = (_score_codes(halves, table, len(values)) for table in (codes, shuffled))
        for code, found in enumerate(true):
            rare = _rarest(codes, halves, code) < settings.minimum_positives
            if found is not None and not rare:
                scores.append(_latent_score(name, values[code], found, control[code]))
    return tuple(scores)


def median_f1(scores: Iterable[LatentScore]) -> dict[str, tuple[float, float]]:
    """Per latent, the medians over its values of F1 and of the control's F1."""
    groups: dict[str, list[LatentScore]] = {}
    for score in scores:
        groups.setdefault(score.latent, []).append(score)
    return {
        latent: (
            float(np.median([score.f1 for score in group])),
            float(np.median([score.control_f1 for score in group])),
        )
        for latent, group in groups.items()
    }


def predicate_score(
    activations: Float[np.ndarray, "sequence position"],
    mask: Bool[np.ndarray, "sequence position"],
    judged: Bool[np.ndarray, "sequence position"],
    seed: int = 0,
) -> PredicateScore:
    """How well one feature's activation tells where a predicate holds.

    ``judged`` says which tokens count (all words, or those where a latent is defined). The
    threshold is chosen on half of the sequences; the rest is scored.
    """
    row, position = np.nonzero(activations > 0)
    value = activations[row, position].astype(np.float32)
    entries = Entries.ordered(np.zeros(len(row), dtype=np.int64), (row, position), value)
    halves = _split(entries, judged, seed)
    codes = np.where(judged, mask.astype(np.int64), UNDEFINED)
    shuffled = _shuffled(codes, judged, np.random.default_rng(seed))
    found, control = (_score_codes(halves, table, 2)[1] or _NOTHING for table in (codes, shuffled))
    return PredicateScore(
        threshold=found.threshold,
        precision=found.precision,
        recall=found.recall,
        f1=found.f1,
        control_f1=control.f1,
        positives=int((mask & halves.scored).sum()),
        tokens=int(halves.scored.sum()),
    )


@dataclass(frozen=True)
class _Halves:
    """The tokens that cuts are chosen on and those that they are scored on, with their entries."""

    chosen: Bool[np.ndarray, "sequence position"]
    scored: Bool[np.ndarray, "sequence position"]
    chosen_entries: Entries
    scored_entries: Entries


@dataclass(frozen=True)
class _Found:
    column: int
    threshold: float
    precision: float
    recall: float
    f1: float
    positives: int
    tokens: int


_NOTHING = _Found(-1, float("inf"), 0.0, 0.0, 0.0, 0, 0)


def random_half(sequences: int, seed: int) -> Bool[np.ndarray, " sequence"]:
    """True for a random half of the sequences, on which something is chosen."""
    order = np.random.default_rng(seed).permutation(sequences)
    found: np.ndarray = np.isin(np.arange(sequences), order[: sequences // 2])
    return found


def _split(entries: Entries, counted: Bool[np.ndarray, "sequence position"], seed: int) -> _Halves:
    """A random half of the sequences and the other: tokens of one sequence stay on one side."""
    half = random_half(len(counted), seed)[:, None]
    chosen, scored = half & counted, ~half & counted
    return _Halves(chosen, scored, entries.among(chosen), entries.among(scored))


def _score_codes(
    halves: _Halves, codes: Int[np.ndarray, "sequence position"], count: int
) -> list[_Found | None]:
    """For each code the column and cut that are best on one half, scored on the other."""
    cuts = best_cuts(halves.chosen_entries, codes, _counts(codes[halves.chosen], count))
    held_out, totals = halves.scored_entries, _counts(codes[halves.scored], count)
    judged = int((codes[halves.scored] != UNDEFINED).sum())
    found: list[_Found | None] = []
    for code, cut in enumerate(cuts):
        if cut is None:
            found.append(None)
            continue
        right, said = counts_at(held_out, codes, code, cut)
        positives = int(totals[code])
        found.append(
            _Found(
                column=cut.column,
                threshold=cut.threshold,
                precision=right / max(said, 1),
                recall=right / max(positives, 1),
                f1=2 * right / max(said + positives, 1),
                positives=positives,
                tokens=judged,
            )
        )
    return found


def _latent_score(name: str, value: str, found: _Found, control: _Found | None) -> LatentScore:
    return LatentScore(
        latent=name,
        value=value,
        layer=found.column // _WIDTH,
        index=found.column % _WIDTH,
        threshold=found.threshold,
        precision=found.precision,
        recall=found.recall,
        f1=found.f1,
        control_f1=(control or _NOTHING).f1,
        positives=found.positives,
        tokens=found.tokens,
    )


# A feature's layer and index in one number; no dictionary has a layer of 2^40 features.
_WIDTH = 1 << 40


def _entries(activations: SparseActivations) -> Entries:
    positive = activations.value > 0
    return Entries.ordered(
        activations.layer[positive] * _WIDTH + activations.index[positive],
        (activations.row[positive], activations.position[positive]),
        activations.value[positive],
    )


def _shuffled(codes: np.ndarray, words: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The same values at the same set of tokens, dealt out anew."""
    shuffled = codes.copy()
    defined = words & (codes != UNDEFINED)
    shuffled[defined] = generator.permutation(codes[defined])
    return shuffled


def _first_of_run(
    codes: Int[np.ndarray, "sequence position"],
) -> Int[np.ndarray, "sequence position"]:
    """Codes only where a value begins; elsewhere in its run the latent counts as undefined."""
    first = codes.copy()
    first[:, 1:][codes[:, 1:] == codes[:, :-1]] = UNDEFINED
    return first


def _counts(codes: Int[np.ndarray, " token"], count: int) -> Int[np.ndarray, " code"]:
    return np.bincount(codes.astype(np.int64) + 1, minlength=count + 1)[1:]


def _rarest(codes: Int[np.ndarray, "sequence position"], halves: _Halves, code: int) -> int:
    return min(int(((codes == code) & half).sum()) for half in (halves.chosen, halves.scored))
