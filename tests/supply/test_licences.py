"""Every locked package has a row in the table of licences, and a licence that is allowed."""

import pytest

from supply.licences import GROUPS, TABLE, Row, UnknownLicence, read_table, rows_of, wanted_of
from supply.locks import LOCKS, read_lock
from supply.spdx import ALLOWED, ALLOWED_WITH_TORCH, NVIDIA, allowed, licence_of


@pytest.fixture(scope="module")
def table():
    return read_table(TABLE.read_text("utf-8"))


@pytest.mark.parametrize("group", GROUPS)
def test_every_locked_package_has_one_row(table, group):
    rows = table[GROUPS[group]]
    assert [(row.name, row.version) for row in rows] == sorted(wanted_of(group).items())
    assert all(row.address.startswith("http") for row in rows)


@pytest.mark.parametrize("group", GROUPS)
def test_every_licence_is_allowed(table, group):
    licences = ALLOWED_WITH_TORCH if group == "torch" else ALLOWED
    assert [row for row in table[GROUPS[group]] if not allowed(row.licence, licences)] == []


def test_every_lock_is_listed():
    listed = set().union(*(wanted_of(group) for group in GROUPS))
    assert set().union(*(read_lock(path) for path in LOCKS.glob("*.txt"))) == listed


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-2.0-only", True),
        ("MIT AND GPL-2.0-only", False),
        ("MIT AND (GPL-2.0-only OR Apache-2.0)", True),
        ("(MIT AND GPL-2.0-only) OR AGPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("LGPL-3.0-or-later", False),
        (NVIDIA, False),
        ("", False),
        ("(MIT", False),
        ("MIT MIT", False),
    ],
)
def test_what_is_allowed(expression, is_allowed):
    assert allowed(expression) is is_allowed


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ({"license_expression": "mit or apache-2.0"}, "MIT OR Apache-2.0"),
        ({"classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        ({"classifier": ["Programming Language :: Python"], "license": "BSD-3-Clause"},
         "BSD-3-Clause"),
        ({"license": "The MIT License (MIT)\n\nPermission is"}, "MIT"),
        ({"license": "ask the author"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_what_metadata_say(metadata, licence):
    assert licence_of(metadata) == licence


def test_a_package_that_does_not_say_is_named():
    with pytest.raises(UnknownLicence, match="odd 1.0"):
        rows_of([{"name": "odd", "version": "1.0"}])


def test_what_is_written_is_read_back():
    row = Row("numpy", "2.4.6", "BSD-3-Clause", "https://numpy.org")
    assert read_table(f"## Heading\n\n{row.line()}\n") == {"Heading": [row]}
