"""Tables and pictures of notebooks."""

from atlas.entries.evidence import Condition, Verdict
from atlas.runs.pictures import effects_picture, histogram_picture
from atlas.runs.tables import answer_table, claims_table, examples_table, table
from tests.entries.test_evidence import MEASUREMENT, claim

PNG = b"\x89PNG"


def test_a_table_is_html_that_cannot_be_broken_and_text_that_lines_up():
    found = table(("a", "b"), [("<script>", 0.123456), ("longer", 2)])
    assert "&lt;script&gt;" in found._repr_html_()
    assert "<script>" not in found._repr_html_()
    assert repr(found).splitlines() == ["a         b", "<script>  0.123", "longer    2"]


def test_a_claim_is_shown_with_its_numbers_and_reasons():
    verdict = Verdict("swap", "not_supported", (Condition("threshold", False, "falls short"),))
    text = repr(claims_table([claim()], [MEASUREMENT], {"swap": verdict}))
    for part in ("the swap moves the answer", "120", "0.6 probability", "[0.55, 0.65]",
                 "not supported", "falls short"):  # fmt: skip
        assert part in text


def test_a_demonstration_is_called_one():
    verdict = Verdict("swap", "inconclusive", (), demonstration=True)
    assert "demonstration" in repr(claims_table([claim()], [MEASUREMENT], {"swap": verdict}))


def test_a_claim_that_was_not_measured_has_no_numbers():
    assert "–" in repr(claims_table([claim()], [], {"swap": Verdict("swap", "not_run")}))


def test_the_strongest_token_of_an_example_stands_in_brackets():
    example = {"tokens": ["a", "b", "c"], "activations": [0.0, 2.5, 0.0], "peak": 1}
    assert repr(examples_table([example])).splitlines()[1] == "2.5         a [b] c"


def test_answers_are_listed_most_likely_first():
    answer = {"top": [{"token": "x", "probability": 0.5}, {"token": "y", "probability": 0.25}]}
    assert repr(answer_table(answer)).splitlines()[1:] == ["x           0.5", "y           0.25"]


def test_equal_figures_are_equal_bytes():
    first, second = (effects_picture([MEASUREMENT]).png() for _ in range(2))
    assert first.startswith(PNG)
    assert first == second


def test_a_feature_that_is_never_active_has_an_empty_histogram():
    assert histogram_picture({"histogram": {"edges": [], "counts": []}}).png().startswith(PNG)
    full = {"histogram": {"edges": [0.0, 1.0, 2.0], "counts": [3, 1]}}
    assert len(histogram_picture(full).png()) > 1000
