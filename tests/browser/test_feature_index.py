"""The index of features in a real browser: what it finds equals reading every text."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from atlas.dashboards.shard_arrays import ArrayFile
from site_builder.build import BROWSER
from site_builder.feature_search.index_files import FREQUENT_FILE, IndexSettings, write_index
from site_builder.feature_search.words import stem, words_of
from site_builder.serve import make_server
from tests.browser.byte_log import length_by_address
from tests.browser.serving import serving
from tests.site_builder.feature_search.made_up_features import STRANGE, features, groups, vocabulary
from tests.site_builder.feature_search.plain_search import fields, search

pytestmark = pytest.mark.browser

PER_LAYER = 100
WORDS = vocabulary(700)
SMALL = IndexSettings(words_bytes=300, texts=16, block=40, frequent=300)
MATCH = """async ([folder, queries]) => {
  const { FeatureIndex } = await import("/assets/search/feature_index.js");
  const index = await FeatureIndex.open(new URL(`/${folder}/index.json`, location.href));
  const found = [];
  for (const [text, filter] of queries) {
    const { ranked, query } = await index.match(text, filter, false);
    found.push([ranked, query.complete]);
  }
  return found;
}"""
LARGEST_QUERY, MOST_REQUESTS = 200_000, 12


@dataclass
class Served:
    """Indexes on this machine, and the texts that they are of."""

    page: object
    texts: list
    frequent: dict


@pytest.fixture(scope="module")
def served(browser, tmp_path_factory):
    root = tmp_path_factory.mktemp("feature-index")
    (root / "index.html").write_text("<!doctype html><title>x</title>", encoding="utf-8")
    shutil.copytree(BROWSER, root / "assets")
    known, frequent = groups(PER_LAYER), {}
    texts = list(features(PER_LAYER * len(known), WORDS))
    for name, settings in (("whole", IndexSettings()), ("cut", SMALL)):
        write_index(known, texts, root / name, settings)
        frequent[name] = ArrayFile.read(root / name / FREQUENT_FILE).header["words"]
    many = groups(1_000)
    write_index(many, features(1_000 * len(many), vocabulary(8_000)), root / "large")
    with serving(make_server(Path(root), 0)) as address:
        page = browser.new_page()
        page.goto(f"{address}/index.html")
        yield Served(page, [fields(each) for each in texts], frequent)
        page.close()


def queries(count: int) -> list[tuple[str, dict]]:
    """Words, beginnings, forms, misspelt ones, some together; with and without facets."""
    generator = np.random.default_rng(7)
    found: list[tuple[str, dict]] = [(each, {}) for each in STRANGE]
    while len(found) < count:
        words = [WORDS[at] for at in generator.integers(0, len(WORDS), generator.integers(1, 4))]
        last = words[-1]
        words[-1] = (last, last[:3], last[:-1], last[1::-1] + last[2:], last + "s")[
            generator.integers(5)
        ]
        facets = ({}, {"model": "microworld"}, {"layer": 1}, {"dictionary": "saes", "layer": 2})
        ending = " " if generator.random() < 0.2 else ""
        found.append((" ".join(words) + ending, facets[generator.integers(len(facets))]))
    return [(text, facet) for text, facet in found if text.strip()]


def inside(facets: dict) -> list[int]:
    """The features that fit the facets."""
    chosen, first = [], 0
    for group in groups(PER_LAYER):
        if all(getattr(group, name) == value for name, value in facets.items()):
            chosen += range(first, first + group.features)
        first += group.features
    return chosen


@pytest.mark.parametrize("folder", ["whole", "cut"])
def test_the_index_finds_what_reading_every_text_finds(served, folder):
    asked = queries(110)
    answers = served.page.evaluate(MATCH, [folder, [list(each) for each in asked]])
    complete = several = 0
    for (text, facets), (ranked, whole) in zip(asked, answers, strict=True):
        found = {int(feature): score for feature, score in ranked}
        if folder == "whole":
            assert whole or len(set(words_of(text))) > 6, text
        if not whole:
            continue
        expected = search(served.texts, inside(facets), served.frequent[folder], text)
        assert set(found) == set(expected), (text, facets)
        assert found == pytest.approx(expected, abs=1e-9), (text, facets)
        order = [(-score, feature) for feature, score in found.items()]
        assert order == sorted(order), text
        complete, several = complete + 1, several + (len(found) > 1)
    assert complete >= 60
    assert several >= 30


def test_an_answer_that_is_not_complete_holds_nothing_that_does_not_fit(served):
    asked = [("a", {}), ("the make", {}), *((each, {}) for each in sorted(set(WORDS))[:80:2])]
    asked += [(each[:1], {}) for each in WORDS[:60]]
    answers = served.page.evaluate(MATCH, ["cut", [list(each) for each in asked]])
    missing = 0
    for (text, facets), (ranked, whole) in zip(asked, answers, strict=True):
        expected = search(served.texts, inside(facets), served.frequent["cut"], text)
        assert {int(feature) for feature, _ in ranked} <= set(expected), text
        missing += not whole
    assert missing > 5


def test_words_are_taken_apart_as_in_python(served):
    texts = [*WORDS, *(f"{each} and {each}s" for each in STRANGE)]
    found = served.page.evaluate(
        """async (texts) => {
          const { wordsOf, stem } = await import("/assets/search/words.js");
          return texts.map((text) => wordsOf(text).map((word) => [word, stem(word)]));
        }""",
        texts,
    )
    assert found == [[[word, stem(word)] for word in words_of(text)] for text in texts]


def test_a_query_keeps_its_budget(served):
    received: dict[str, int] = {}
    page = served.page
    page.on("response", lambda answer: received.update(length_by_address(answer)))
    for text in (
        "city",
        "cities making",
        "c",
        "th",
        "agreeing house strings",
        "hoouse",
        "singlng zz",
    ):
        received.clear()
        found = page.evaluate(
            """async (text) => {
              const { FeatureIndex } = await import("/assets/search/feature_index.js");
              const index = await FeatureIndex.open(new URL("/large/index.json", location.href));
              const answer = await index.search(text, { limit: 12 });
              return [answer.total, answer.results.length];
            }""",
            text,
        )
        sent = {name: size for name, size in received.items() if "/large/" in name}
        assert len(sent) <= MOST_REQUESTS, (text, sent)
        assert sum(sent.values()) <= LARGEST_QUERY, (text, sent)
        assert found[0] == 0 or found[1] > 0, text
