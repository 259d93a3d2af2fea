"""What the page says of a graph whose edges are estimates."""

from site_builder.pages.graph_scores import approximation_note
from tests.site_builder.built_site import PageReader

MEASURED = {"method": "gradient", "steps": 1, "edges": 1500, "sources": 32,
            "relative_error": 0.1834, "correlation": 0.9612}  # fmt: skip


def test_an_approximate_graph_is_marked_with_its_measured_error():
    text = PageReader(approximation_note({"approximate": MEASURED})).text
    assert "Edges are approximate" in text
    assert "by gradients" in text
    assert "off by 18" in text
    assert "correlation 0.96" in text
    assert "measured in the model" in text


def test_an_unchecked_graph_says_so_and_an_exact_one_nothing():
    steps = {"method": "integrated_gradients", "steps": 30, "edges": 0, "sources": 0,
             "relative_error": 0.0, "correlation": 0.0}  # fmt: skip
    text = PageReader(approximation_note({"approximate": steps})).text
    assert "integrated gradients in 30 steps" in text
    assert "was not checked" in text
    assert approximation_note({"scores": {}}) == ""
