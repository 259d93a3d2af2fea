"""The report of a model: any JSON of tables, drawn as tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atlas.entries.model import Model
from atlas.errors import MISSHAPEN, EntryError
from site_builder.address import model_page
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, number, spoken, whole
from site_builder.page import Section
from site_builder.pages.long_tables import LongPages, LongTable, places
from site_builder.records import SiteRecords
from site_builder.tables import table

LONG_TEXT = 40  # characters: a cell that reads as a sentence and needs some width
SHOWN_ROWS = 8  # of a table in the model's page; a longer one is whole on a page of tables


@dataclass(frozen=True)
class ReportTable:
    """A table of a report."""

    title: str
    columns: tuple[str, ...]  # none: the rows are single values by name
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""


def report_sections(model: Model, site: SiteRecords) -> list[Section]:
    """The tables of the model's committed report, long ones cut, if it names one.

    Raises EntryError if the file is no JSON.
    """
    found = read_report(model, site)
    if not found:
        return []
    wholes = places(*whole_report(model, site))
    blocks = [report_table(each, wholes.get(anchor_of(each), "")) for each in found]
    words = "Measured on held-out data when the model was made; the file is committed with it."
    note = tag("p", {"class": "section-note"}, words)
    return [Section("Report", "report", join([note, *blocks]))]


def read_report(model: Model, site: SiteRecords) -> list[ReportTable]:
    """The tables of the model's report; none where there is no report."""
    path = site.library / model.report if model.report else None
    if path is None or not path.is_file():
        return []
    try:
        return tables_of(json.loads(path.read_text(encoding="utf-8")))
    except MISSHAPEN as error:
        found = str(error)
        raise EntryError(str(path), "JSON of tables", found, "write the report again") from error


def whole_report(model: Model, site: SiteRecords) -> tuple[LongPages, list[LongTable]]:
    """The tables that are cut in the model's page, whole, and where these stand."""
    about = LongPages(model_page(model.id), model.name, "report", "Report: the longer tables", {})
    tables = [
        LongTable(anchor_of(each), each.title, each.columns, tuple(rows), frozenset(numeric))
        for each in read_report(model, site)
        if len(each.rows) > SHOWN_ROWS and each.columns
        for rows, numeric in [report_rows(each)]
    ]
    return about, tables


def anchor_of(found: ReportTable) -> str:
    """The anchor of a table's page."""
    words = re.sub("[^a-z0-9]+", "-", f"{found.title} {' '.join(found.columns)}".lower())
    return f"table-{words[:80].strip('-')}"


def tables_of(report: Any, path: tuple[str, ...] = ()) -> list[ReportTable]:
    """Every table in a report: those written as one, lists of records, and records by name.

    What is left over, single values by name, becomes a table of its own after the others.
    """
    if isinstance(report, Mapping) and {"columns", "rows"} <= set(report):
        return [written_table(report, path)]
    if isinstance(report, list) and report and all(isinstance(row, Mapping) for row in report):
        return [table_of_records(path, report)]
    if not isinstance(report, Mapping):
        return []
    records = {name: row for name, row in report.items() if is_record(row)}
    if len(records) > 1 and len(records) == len(report):
        return [
            table_of_records(
                path, [{path[-1] if path else "": n} | dict(row) for n, row in records.items()]
            )
        ]
    found = []
    for name, value in report.items():
        inner = path if name == "tables" else (*path, str(name))
        each_of = value if name == "tables" and isinstance(value, list) else [value]
        found += [table for each in each_of for table in tables_of(each, inner)]
    single = [(spoken(str(name)), value) for name, value in report.items() if is_single(value)]
    if single:
        found.append(ReportTable(title_of(path) or "Settings", (), tuple(single)))
    return sorted(found, key=lambda table: not table.columns)


def written_table(found: Mapping[str, Any], path: tuple[str, ...]) -> ReportTable:
    """A table that the report gives as title, columns, rows and note."""
    rows = tuple(
        tuple(row.values()) if isinstance(row, Mapping) else tuple(row) for row in found["rows"]
    )
    title = str(found.get("title", "")) or title_of(path)
    columns = tuple(str(each) for each in found["columns"])
    return ReportTable(title, columns, rows, str(found.get("note") or ""))


def table_of_records(path: tuple[str, ...], records: Sequence[Mapping[str, Any]]) -> ReportTable:
    """Records as rows; a column that is empty everywhere is left out."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    keys = [
        key
        for key in keys
        if any(is_single(r.get(key)) and r.get(key) is not None for r in records)
    ]
    rows = tuple(tuple(record.get(key) for key in keys) for record in records)
    return ReportTable(title_of(path), tuple(title_of((key,)) for key in keys), rows)


def title_of(path: tuple[str, ...]) -> str:
    """A place in a report as words."""
    words = ": ".join(spoken(each) for each in path)
    return words[:1].upper() + words[1:]


def is_single(value: Any) -> bool:
    """Whether a value fits into one cell."""
    return value is None or isinstance(value, str | int | float | bool)


def is_record(value: Any) -> bool:
    """Whether a value is a mapping of single values."""
    return isinstance(value, Mapping) and bool(value) and all(map(is_single, value.values()))


def report_table(found: ReportTable, whole: str = "") -> Html:
    """One table with its title and note; single values by name as a list of terms.

    Where `whole` leads to all of it, its first rows.
    """
    if not found.columns:
        return settings_list(found)
    rows, numeric = report_rows(found)
    title = tag("h3", {}, foreign(found.title)) if found.title else ""
    note = tag("p", {"class": "found-by"}, foreign(found.note)) if found.note else ""
    shown = table(found.columns, rows[:SHOWN_ROWS] if whole else rows, numeric)
    words = f"All {count(len(rows), 'row')}"
    more = tag("p", {"class": "whole-list"}, tag("a", {"href": whole}, words)) if whole else ""
    return join([title, shown, more, note])


def report_rows(found: ReportTable) -> tuple[list[Html], set[int]]:
    """A table's rows, and the columns that hold numbers alone."""
    columns = range(len(found.columns))
    cells = {
        at: [row[at] for row in found.rows if at < len(row) and row[at] is not None]
        for at in columns
    }
    numeric = {at for at, values in cells.items() if values and all(map(is_number, values))}
    marked = {at for at in numeric if is_share(cells[at])}
    rows = [
        tag(
            "tr",
            {},
            *(report_cell(value, at in numeric, at in marked) for at, value in enumerate(row)),
        )
        for row in found.rows
    ]
    return rows, numeric


def settings_list(found: ReportTable) -> Html:
    """Single values by name."""
    cells = []
    for name, value in found.rows:
        written = number(float(value)) if is_number(value) else value
        cells.append(tag("div", {}, tag("dt", {}, foreign(name)), tag("dd", {}, foreign(written))))
    return join([tag("h3", {}, foreign(found.title)), tag("dl", {"class": "settings"}, *cells)])


def is_number(value: Any) -> bool:
    """Whether a cell holds a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_share(values: Sequence[float]) -> bool:
    """Whether a column's numbers are shares that a bar can show: from 0 to 1, not all tiny."""
    within = all(0 <= value <= 1 for value in values)
    return within and any(isinstance(value, float) for value in values) and max(values) > 0.2


def report_cell(value: Any, numeric: bool, share: bool) -> Html:
    """A cell; shares between 0 and 1 have a small bar behind the number."""
    if value is None:
        return tag("td", {"class": "number" if numeric else None}, "–")
    if not numeric:
        long = "sentence" if len(str(value)) > LONG_TEXT else None
        return tag("td", {"dir": "auto", "class": long}, str(value))
    written = whole(value) if isinstance(value, int) else number(float(value))
    if not share:
        return tag("td", {"class": "number"}, written)
    bar = tag("rect", {"width": f"{100 * float(value):.1f}%", "height": 4, "rx": 2})
    picture = tag("svg", {"class": "cell-bar", "aria-hidden": "true"}, bar)
    return tag("td", {"class": "number"}, picture, written)
