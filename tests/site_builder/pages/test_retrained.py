"""What a page says of a circuit in weights that were trained again."""

from dataclasses import replace

from site_builder.pages.claims import claims_section
from site_builder.pages.retrained import retrained_section, retrained_words
from site_builder.reading import read_site
from tests.site_builder.built_site import PageReader, built_site, example_library
from tests.site_builder.example_retrained import CIRCUIT


def record():
    return read_site(example_library(), None, {}).circuits[CIRCUIT]


def effects_of(shown):
    return [claim.id for claim in shown.circuit.claims if claim.kind == "effect"]


def test_a_claim_says_in_how_many_it_is_supported():
    shown = record()
    words = retrained_words(shown)
    effects = effects_of(shown)
    for claim in effects:
        assert words[claim] == "supported in 1 of 3 dictionaries and 1 of 1 model"
    assert words[effects[0]] in PageReader(claims_section(shown)).text


def test_a_claim_on_which_nobody_can_say_is_counted_apart():
    shown = record()
    (holds, *_) = shown.retrained
    wide = {claim: replace(each, interval=(-100.0, 100.0))
            for claim, each in holds.measurements.items()}  # fmt: skip
    both = replace(shown, retrained=(holds, replace(holds, seed=2, measurements=wide)))
    words = retrained_words(both)[effects_of(shown)[0]]
    assert words == "supported in 1 of 2 dictionaries (1 inconclusive)"


def test_every_retraining_has_a_row_with_what_was_found():
    shown = record()
    page = PageReader(retrained_section(shown))
    assert [name for name, _ in page.elements].count("tr") == 1 + len(shown.retrained)
    for words in ("dictionary, seed 1", "dictionary, seed 3", "model, seed 1", "Groups found"):
        assert words in page.text
    assert "supported, +" in page.text and "onerror" in page.text
    assert not [values for _, values in page.elements if "onerror" in values]


def test_a_circuit_that_was_never_trained_again_says_nothing_about_it():
    shown = replace(record(), retrained=())
    assert "trained again" not in PageReader(claims_section(shown)).text
    site = built_site().folder
    pages = {path.parent.name: path.read_text("utf-8")
             for path in site.glob("circuits/*/index.html")}  # fmt: skip
    assert [name for name, page in pages.items() if 'id="retrained"' in page] == [CIRCUIT]
