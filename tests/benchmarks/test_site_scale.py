"""A small run of the benchmark of large sites: budgets hold, and the cost of an entry stays."""

from __future__ import annotations

import pytest

from benchmarks.site_scale import FEATURE_QUERIES, measure

SEARCH = ("pages", "page search", "feature search")


@pytest.mark.slow
@pytest.mark.browser
def test_three_times_the_entries_cost_three_times_as_much(tmp_path):
    small = measure(100, 0, tmp_path / "small")
    large = measure(300, 24_000, tmp_path / "large")
    # 40 circuits of each have graphs, so an entry of the larger library is cheaper.
    assert large.cpu_seconds / 300 < 1.3 * small.cpu_seconds / 100
    assert large.memory < 2000
    assert large.first_search < 250_000
    assert set(large.feature_queries) == set(FEATURE_QUERIES)
    for words, (files, sent, _) in large.feature_queries.items():
        assert 2 < files <= 12, words
        assert sent <= 200_000, words
    per_entry = sum(large.files[each] for each in SEARCH[:2]) - sum(
        small.files[each] for each in SEARCH[:2]
    )
    assert per_entry / 200 < 3  # page and fragment, a quarter more for curated features
