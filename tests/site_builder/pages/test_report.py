import json
from types import SimpleNamespace

import pytest

from atlas.errors import EntryError
from site_builder.pages.report import ReportTable, read_report, report_table, tables_of
from tests.site_builder.built_site import PageReader


def test_a_table_written_as_one_is_taken_as_it_is():
    report = {"tables": [{"title": "A", "columns": ["x"], "rows": [[1], {"x": 2}], "note": "n"}]}
    assert tables_of(report) == [ReportTable("A", ("x",), ((1,), (2,)), "n")]


def test_a_list_of_records_becomes_a_table_without_empty_columns():
    report = {"behaviours": [{"name": "a", "accuracy": 0.5, "later": None}, {"name": "b"}]}
    assert tables_of(report) == [
        ReportTable("Behaviours", ("Name", "Accuracy"), (("a", 0.5), ("b", None)))
    ]


def test_records_by_name_become_rows_under_their_name():
    report = {"dictionaries": {"sae": {"latents": {"state": {"f1": 0.9}, "city": {"f1": 0.8}}}}}
    (found,) = tables_of(report)
    assert found.title == "Dictionaries: SAE: latents"
    assert found.rows == (("state", 0.9), ("city", 0.8))


def test_single_values_come_last_as_a_table_of_settings():
    report = {"seed": 1, "rows": [{"a": 1}, {"a": 2}]}
    found = tables_of(report)
    assert [table.title for table in found] == ["Rows", "Settings"]
    assert found[1].rows == (("seed", 1),)
    assert '<dt><span dir="auto">seed</span></dt>' in report_table(found[1])


@pytest.mark.parametrize(
    "text", ["[" * 9000, "{", '{"t": {"title": 3, "rows": "x", "columns": 4}}']
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    model, site = SimpleNamespace(report="report.json"), SimpleNamespace(library=tmp_path)
    with pytest.raises(EntryError, match="JSON of tables"):
        read_report(model, site)


def test_shares_have_bars_and_counts_have_none():
    shown = report_table(ReportTable("", ("share", "count"), ((0.5, 5000), (0.25, 7))))
    page = PageReader(shown)
    widths = [values["width"] for name, values in page.elements if name == "rect"]
    assert widths == ["50.0%", "25.0%"]
    assert "5\N{NARROW NO-BREAK SPACE}000" in page.text


def test_the_embedded_models_own_report_has_tables(repository):
    path = repository / "microworld" / "report.json"
    titles = [table.title for table in tables_of(json.loads(path.read_text("utf-8")))]
    assert "Behaviours" in titles
