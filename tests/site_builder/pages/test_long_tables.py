"""Tables that an entry's page cuts stand whole on pages that keep the budget."""

from dataclasses import replace

from site_builder.page import markdown
from site_builder.pages.long_tables import PAGE_ROWS, long_pages, places
from site_builder.pages.parts import parts_section, whole_parts
from site_builder.pages.report import anchor_of, read_report, report_sections, whole_report
from site_builder.reading import read_site
from tests.site_builder.built_site import PageReader, example_library
from tests.site_builder.example_library import HOSTILE

LARGEST_SOURCE = 54_000  # bytes; the theme adds some 5,000


def long_circuit(site):
    """A circuit with a part of 1,200 features by value, and one of 900 without."""
    record = site.circuits["microworld-states-and-capitals"]
    feature = next(iter(record.circuit.parts[0].all_features))
    numbers = [replace(feature, layer=2, index=index) for index in range(1200)]
    values = {f"{HOSTILE} {at}": tuple(numbers[3 * at : 3 * at + 3]) for at in range(400)}
    first, second, *others = record.circuit.parts
    keyed = replace(first, features=values, keyed_by="state")
    plain = replace(second, features=tuple(numbers[:900]), keyed_by="")
    return replace(record, circuit=replace(record.circuit, parts=(keyed, plain, *others)))


def test_a_long_part_is_cut_and_whole_on_pages_of_its_own():
    site = read_site(example_library(), None, {})
    record = long_circuit(site)
    pages = long_pages(*whole_parts(record.circuit, site))
    assert len(pages) > 1
    read = [PageReader(markdown(page)) for page in pages]
    for page, shown in zip(pages, read, strict=True):
        assert len(markdown(page).encode()) < LARGEST_SOURCE
        assert sum(name == "tr" for name, _ in shown.elements) <= PAGE_ROWS + 2  # with heads
        assert not any(name in ("img", "script") for name, _ in shown.elements)
    words = " ".join(word for shown in read for word in shown.words)
    by_value, _, without = words.partition(record.circuit.parts[1].label)
    assert {f"2-{each}" for each in range(1200)} <= set(by_value.split())
    assert {f"2-{each}" for each in range(900)} <= set(without.split())
    assert len(parts_section(record, site)) < 12_000 + 5 * len(HOSTILE)


def test_the_entry_links_to_where_each_long_table_begins():
    site = read_site(example_library(), None, {})
    about, tables = whole_parts(long_circuit(site).circuit, site)
    pages = {page.path.rpartition("/")[2]: page for page in long_pages(about, tables)}
    found = places(about, tables)
    assert set(found) == {table.anchor for table in tables}
    for link in found.values():
        file, _, anchor = link.partition("#")
        assert anchor in PageReader(markdown(pages[file])).anchors


def test_a_short_entry_has_no_such_page():
    site = read_site(example_library(), None, {})
    assert long_pages(*whole_parts(site.circuits["empty"].circuit, site)) == []


def test_every_row_of_a_long_report_is_there(repository):
    site = replace(read_site(example_library(), None, {}), library=repository)
    model = site.models["microworld"]
    long = [each for each in read_report(model, site) if each.columns and len(each.rows) > 8]
    assert long
    about, tables = whole_report(model, site)
    assert [table.anchor for table in tables] == [anchor_of(each) for each in long]
    assert [len(table.rows) for table in tables] == [len(each.rows) for each in long]
    (section,) = report_sections(model, site)
    for link in places(about, tables).values():
        assert link in section.body
    for page in long_pages(about, tables):
        assert len(markdown(page).encode()) < LARGEST_SOURCE
