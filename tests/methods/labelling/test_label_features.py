"""Features of known meaning get the label that says it; noise gets none that holds up."""

import dataclasses
import itertools

import numpy as np
import pytest

from atlas.dashboards.dashboard import AutomaticLabel
from atlas.methods.labelling.choosing import LabelSettings, choose
from atlas.methods.labelling.firing import Levels
from atlas.methods.labelling.label_features import label_features
from atlas.methods.labelling.scoring import alike
from atlas.methods.labelling.token_classes import METHODS, TokenClasses
from tests.methods.labelling.planted_features import (
    LENGTH,
    ROWS,
    STRINGS,
    VOCABULARY,
    planted_activity,
    planted_text,
)

TEXT = planted_text()
TOKENS = TEXT.tokens
WORDS = TEXT.is_word()
CLASSES = TokenClasses.of(TEXT, STRINGS, seed=0)
SETTINGS = LabelSettings()
NOISE = [np.random.default_rng(seed).random(TOKENS.shape) < 0.1 for seed in range(24)]
BEFORE = np.roll(TOKENS, 1, axis=1)
AFTER = np.roll(TOKENS, -1, axis=1)
NOT_LAST = np.arange(LENGTH) < LENGTH - 1
DOT = VOCABULARY - 1


def labels_of(masks, promoted=(), strength=None) -> list[tuple[AutomaticLabel, ...]]:
    table = planted_activity([*masks, *NOISE], strength)
    ids = np.full((len(table), 2), -5)
    for number, tokens in enumerate(promoted):
        ids[number, : len(tokens)] = tokens
    return label_features(table, CLASSES, ids, SETTINGS)


@pytest.mark.parametrize(
    ("mask", "method", "text"),
    [
        (np.isin(TOKENS, [5, 6]), "trigger tokens", "the token “w6” or “w5”"),
        (np.isin(BEFORE, [7]), "context", "after “w7”"),
        (np.roll(TOKENS == DOT, 1, axis=1), "context", "token 1 of its sentence"),
        (np.broadcast_to(np.arange(ROWS)[:, None] % 2 == 1, TOKENS.shape), "context",
         "in text of the kind facts "),
        (TEXT.codes["warm_th"] == 1, "latent", "warm th is cold"),
    ],
)  # fmt: skip
def test_a_planted_meaning_is_found_and_scores_one(mask, method, text):
    if "sentence" in text:  # the first token of a text begins a sentence too
        mask = mask | (np.arange(LENGTH) == 1)
    best = labels_of([mask])[0][0]
    assert (best.method, best.text, best.score, best.threshold) == (method, text, 1.0, 0.0)
    assert best.control < 0.75
    assert best.said == best.held == (mask & WORDS)[~CLASSES.chosen].sum()


def test_only_promoted_tokens_are_said_to_come_next():
    mask = np.isin(AFTER, [3, 4]) & NOT_LAST
    promoted, other = labels_of([mask, mask], promoted=[[3, 4], [8, 9]])[:2]
    assert (promoted[0].text, promoted[0].score) == ("before “w3” or “w4”", 1.0)
    assert "promoted tokens" not in {label.method for label in other}


def test_noise_gets_no_label_that_beats_its_control_by_much():
    scores = [(label.score, label.control) for each in labels_of([]) for label in each]
    assert scores and max(score for score, _ in scores) < 0.4
    assert np.mean([score > control for score, control in scores]) < 0.25


def test_the_threshold_leaves_weak_activity_out():
    strength = np.where(TOKENS == 9, 5.0, 1.0)
    mask = (TOKENS == 9) | NOISE[0]
    best = labels_of([mask], strength=strength)[0][0]
    assert (best.text, best.threshold, best.score) == ("the token “w9”", 5.0, 1.0)
    assert 0.15 < best.share < 0.5


def test_a_rare_feature_is_not_labelled():
    rare = np.zeros(TOKENS.shape, dtype=bool)
    rare[:8, 5] = True
    silent = np.zeros_like(rare)
    assert labels_of([rare, silent])[:2] == [(), ()]


def test_the_scored_half_has_no_say_in_what_is_chosen():
    mask = np.isin(TOKENS, [5, 6])
    other = mask ^ (~CLASSES.chosen[:, None] & NOISE[1])
    clear, disturbed = (labels_of([each])[0][0] for each in (mask, other))
    assert (clear.text, clear.threshold) == (disturbed.text, disturbed.threshold)
    assert disturbed.score < clear.score == 1


def test_figures_are_those_of_plain_counting():
    masks = [(token == TOKENS) ^ NOISE[token] for token in range(2, 12)]
    table = planted_activity([*masks, *NOISE])
    found = label_features(table, CLASSES, np.full((len(table), 2), -5), SETTINGS)
    dense = np.stack([table.activity(n).dense(TOKENS.shape) for n in range(len(table))])
    held = WORDS & ~CLASSES.chosen[:, None]
    often = ((dense > 0) & held).sum((1, 2))
    others = alike(often, SETTINGS.others)
    levels = Levels.of(table, CLASSES, SETTINGS.thresholds).thresholds
    checked = 0
    for number, label in ((n, label) for n, each in enumerate(found) for label in each):
        if label.method != "trigger tokens":
            continue
        ids = [STRINGS.index("\u2581" + each.strip("“”")) for each in
               label.text.removeprefix("the token ").replace(" or ", ", ").split(", ")
               if each != "“.”"]  # fmt: skip
        ids += [DOT] if "“.”" in label.text else []
        holds = np.isin(TOKENS, ids) & held
        rank = int(np.argmin(np.abs(levels[number] - label.threshold)))
        said = [
            (dense[n] > 0) & (dense[n] >= levels[n, rank]) & held for n in (number, *others[number])
        ]
        f1 = [2 * (yes & holds).sum() / (yes.sum() + holds.sum()) for yes in said]
        assert (label.score, label.control) == pytest.approx((f1[0], max(f1[1:])), abs=6e-5)
        assert (label.said, label.held) == (said[0].sum(), holds.sum())
        checked += 1
    assert checked > 10


def test_no_set_of_tokens_is_better_than_the_chosen_one():
    settings = dataclasses.replace(SETTINGS, most_values=3, least_share=0.0, least_both=1)
    generator = np.random.default_rng(8)
    masks = [generator.random(TOKENS.shape) < generator.random(VOCABULARY)[TOKENS] / 2
             for _ in range(4)]  # fmt: skip
    table = planted_activity(masks)
    firing = Levels.of(table, CLASSES, 1).firing(CLASSES, CLASSES.chosen_words)
    found = choose(firing, CLASSES, np.full((4, 1), -5), settings)
    for number in range(4):
        column = np.flatnonzero(
            (found.feature == number) & (found.method == METHODS.index("trigger tokens"))
        )[0]
        both = firing.joint.at(
            np.full(VOCABULARY, number), np.arange(VOCABULARY), np.zeros(VOCABULARY, int)
        )
        best = max(
            2 * both[list(ids)].sum() / (firing.said[number, 0] + firing.sizes[list(ids)].sum())
            for size in (1, 2, 3)
            for ids in itertools.combinations(range(VOCABULARY), size)
        )
        assert found.f1[column] == pytest.approx(best)


def test_a_label_is_held_against_the_true_latent():
    cold = TEXT.codes["warm_th"] == 1
    found = {label.method: label for label in labels_of([cold & (TOKENS < 15)])[0]}
    surface = found["trigger tokens"]
    assert found["latent"].agreement is None
    assert 0 < surface.agreement < 1


def test_alike_features_are_neighbours_in_how_often_they_are_active():
    found = alike(np.array([50, 10, 40, 20, 30]), 2)
    assert [sorted(each) for each in found.tolist()] == [[2, 4], [3, 4], [0, 4], [1, 4], [2, 3]]
    assert alike(np.array([4]), 19).tolist() == [[-1]]
