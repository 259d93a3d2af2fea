from atlas.entries.circuit import Circuit
from site_builder.prose import prose
from site_builder.reading import read_site
from tests.site_builder.built_site import PageReader, example_library
from tests.site_builder.example_library import HOSTILE, MARKDOWN, capitals

CIRCUIT = Circuit.from_data(capitals())


def rendered(source: str) -> PageReader:
    return PageReader(prose(source, CIRCUIT, read_site(example_library(), None, {})))


def test_markdown_becomes_headings_lists_and_tables_below_the_pages_own():
    page = rendered("# One\n\n*two*\n\n1. three\n\n| a |\n|---|\n| b |")
    names = [name for name, _ in page.elements]
    assert names[0] == "h3"
    assert {"em", "ol", "table"} <= set(names)


def test_raw_html_images_and_scripts_stay_text_or_vanish():
    page = rendered(HOSTILE + MARKDOWN)
    assert not {"script", "img", "iframe"} & {name for name, _ in page.elements}
    assert all(not address.startswith("javascript") for _, address in page.addresses())


def test_entries_are_linked_by_id():
    page = rendered("[a](circuit:empty) [b](feature:2-117) [c](circuit:no-such)")
    assert [address for _, address in page.addresses()] == [
        "../empty/index.html", "../../features/microworld/transcoders/2-117/index.html", "#"
    ]  # fmt: skip


def test_nothing_gives_nothing():
    assert prose("  \n", CIRCUIT, read_site(example_library(), None, {})) == ""
