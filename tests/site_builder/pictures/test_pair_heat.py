"""The heat map of an attention score, by hand and with tokens that mean harm."""

from dataclasses import replace

import pytest

from site_builder.pictures.pair_heat import pair_heat, source_name
from tests.graphs.hand_scores import small_score
from tests.site_builder.built_site import PageReader


def test_all_cells_are_there_with_their_numbers():
    score = small_score()
    page = PageReader(pair_heat(score))
    assert page.text.count("all others") == 2
    for value in ("+2.00", "0-7 at “a” (1)", "error 0 at “b” (2)", "token “a” (1)"):
        assert value in page.text
    boxes = [values for name, values in page.elements if name == "rect"]
    assert len(boxes) == score.table.values.size
    opacities = [float(box["fill-opacity"]) for box in boxes]
    assert max(opacities) == pytest.approx(0.6) and min(opacities) >= 0
    (picture,) = [values for name, values in page.elements if name == "svg"]
    assert picture["aria-label"].startswith("Score +")


def test_the_cells_add_up_to_the_score_as_printed():
    score = small_score()
    page = PageReader(pair_heat(score))
    assert score.table.values.sum() == pytest.approx(score.score)
    assert (
        f"Score +{score.score:.2f}"
        in [values["aria-label"] for name, values in page.elements if name == "svg"][0].split(",")[
            0
        ]
    )


def test_constants_have_their_name_and_tokens_cannot_become_markup():
    score = replace(small_score(), tokens=("<s>", "<script>alert(1)</script>", " b"))
    assert source_name(score, 3) == "decoder bias"
    assert source_name(score, 0) == "0-7 at “<script>alert…” (1)"
    shown = pair_heat(score)
    assert "<script" not in shown and "&lt;script" in shown
