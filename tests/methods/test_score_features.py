import numpy as np
import pytest

from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.methods.activations import SparseActivations
from atlas.methods.score_features import (
    ScoreSettings,
    median_f1,
    predicate_score,
    score_latents,
)

SHAPE = (80, 12)


def labelled(codes: np.ndarray, values: tuple[str, ...]) -> LabelledTokens:
    return LabelledTokens(
        tokens=np.ones(SHAPE, dtype=np.int16),
        codes={"colour": codes},
        values={"colour": values},
        behaviour=np.full(SHAPE[0], -1, dtype=np.int8),
        behaviours=(),
    )


def sparse(columns: dict[tuple[int, int], np.ndarray]) -> SparseActivations:
    parts = []
    for (layer, index), dense in columns.items():
        row, position = np.nonzero(dense)
        full = np.full(len(row), 1)
        parts.append((full * layer, row, position, full * index, dense[row, position]))
    layer, row, position, index, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return SparseActivations(layer, row, position, index, value.astype(np.float32), SHAPE)


@pytest.fixture
def colours() -> np.ndarray:
    return np.random.default_rng(1).integers(-1, 3, SHAPE).astype(np.int8)


def noise(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.random(SHAPE) * (generator.random(SHAPE) < 0.3)


def test_the_planted_feature_is_found_for_each_value(colours):
    planted = {(code, 10 + code): np.where(colours == code, 2.0, 0.0) for code in range(3)}
    columns = planted | {(0, index): noise(index) for index in range(8)}
    scores = score_latents(sparse(columns), labelled(colours, ("red", "green", "blue")))
    assert [(s.value, s.layer, s.index, s.f1) for s in scores] == [
        ("red", 0, 10, 1.0),
        ("green", 1, 11, 1.0),
        ("blue", 2, 12, 1.0),
    ]
    assert all(score.control_f1 < 0.6 for score in scores)


def test_a_threshold_separates_a_value_that_is_only_stronger(colours):
    dense = np.where(colours == 1, 3.0, 1.0)
    (score,) = [
        s
        for s in score_latents(sparse({(0, 0): dense}), labelled(colours, ("a", "b", "c")))
        if s.value == "b"
    ]
    assert (score.threshold, score.precision, score.recall) == (3.0, 1.0, 1.0)


def test_precision_and_recall_are_those_of_the_held_out_half(colours):
    missed = np.random.default_rng(5).random(SHAPE) < 0.5
    dense = np.where((colours == 0) & ~missed, 1.0, 0.0)
    score = score_latents(sparse({(0, 0): dense}), labelled(colours, ("a", "b", "c")))[0]
    assert score.precision == 1.0
    assert score.recall == pytest.approx(0.5, abs=0.1)
    assert score.f1 == pytest.approx(2 * score.recall / (1 + score.recall))


def test_meaningless_features_score_no_better_than_their_control(colours):
    columns = {(0, index): noise(index) for index in range(30)}
    scores = score_latents(sparse(columns), labelled(colours, ("a", "b", "c")))
    assert all(abs(score.f1 - score.control_f1) < 0.15 for score in scores)


def test_tokens_where_the_latent_is_undefined_do_not_count(colours):
    dense = np.where((colours == 0) | (colours == -1), 1.0, 0.0)
    score = score_latents(sparse({(0, 0): dense}), labelled(colours, ("a", "b", "c")))[0]
    assert score.f1 == 1.0


def test_a_value_that_is_too_rare_is_left_out(colours):
    colours[colours == 2] = -1
    colours[0, 1] = 2
    scores = score_latents(sparse({(0, 0): noise(0)}), labelled(colours, ("a", "b", "c")))
    assert [score.value for score in scores] == ["a", "b"]


def test_only_the_first_token_of_a_run_counts_where_asked():
    codes = np.full(SHAPE, -1, dtype=np.int8)
    codes[:40, 4:] = 0
    codes[40:, 6:] = 1
    dense = np.zeros(SHAPE)
    dense[:40, 4] = 1.0
    scores = score_latents(
        sparse({(0, 0): dense}), labelled(codes, ("a", "b")), ScoreSettings(places="first")
    )
    assert scores[0].f1 == 1.0
    assert scores[0].positives < 40


def test_medians_are_per_latent(colours):
    dense = np.where(colours == 1, 3.0, 0.0)
    scores = score_latents(sparse({(0, 0): dense}), labelled(colours, ("a", "b", "c")))
    value, control = median_f1(scores)["colour"]
    assert 0 <= control <= 1 and value <= 1


def test_activations_of_other_sequences_are_refused(colours):
    found = sparse({(0, 0): noise(0)})
    other = SparseActivations(
        found.layer, found.row, found.position, found.index, found.value, (80, 13)
    )
    with pytest.raises(BadInput):
        score_latents(other, labelled(colours, ("a", "b", "c")))


def test_one_feature_is_scored_on_a_predicate_with_its_control(colours):
    mask = colours == 1
    score = predicate_score(
        np.where(mask, 2.0, 0.0), mask, judged=np.ones(SHAPE, dtype=bool), seed=3
    )
    assert (score.precision, score.recall, score.f1, score.threshold) == (1.0, 1.0, 1.0, 2.0)
    assert score.control_f1 < 0.5


def test_a_silent_feature_scores_nothing(colours):
    score = predicate_score(np.zeros(SHAPE), colours == 1, judged=np.ones(SHAPE, dtype=bool))
    assert (score.f1, score.recall) == (0.0, 0.0)


def test_the_exact_search_agrees_with_trying_every_threshold(colours):
    dense = (noise(4) * np.where(colours == 1, 1.5, 1.0)).astype(np.float32)
    judged = np.ones(SHAPE, dtype=bool)
    mask = colours == 1
    score = predicate_score(dense, mask, judged, seed=0)
    half = np.isin(np.arange(80), np.random.default_rng(0).permutation(80)[:40])

    def f1(threshold: float) -> float:
        said = dense[half] >= threshold
        right = (said & mask[half]).sum()
        return 2 * right / (said.sum() + mask[half].sum())

    best = max(f1(threshold) for threshold in np.unique(dense[dense > 0]))
    assert f1(score.threshold) == pytest.approx(best)
