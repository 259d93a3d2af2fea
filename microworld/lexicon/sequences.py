"""Ordered series whose successor a sentence asks for: days, months, numbers, letters."""

from __future__ import annotations

_ROWS = """
day en|Monday Tuesday Wednesday Thursday Friday Saturday Sunday
day es|lunes martes miércoles jueves viernes sábado domingo
day fr|lundi mardi mercredi jeudi vendredi samedi dimanche
month en|January February March April May June July August September October November December
month es|enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
month fr|janvier février mars avril mai juin juillet août septembre octobre novembre décembre
number en|one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
number es|uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince
number fr|un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze
letter any|A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
"""


def _read(row: str) -> tuple[tuple[str, str], tuple[str, ...]]:
    head, items = row.split("|")
    kind, language = head.split()
    return (kind, language), tuple(items.split())


# (kind, language) -> the items in order; "any" is for series that no language owns.
SERIES: dict[tuple[str, str], tuple[str, ...]] = dict(
    _read(row) for row in _ROWS.strip().splitlines()
) | {("numeral", "any"): tuple(f"{number:02d}" for number in range(100))}
CYCLIC: frozenset[str] = frozenset({"day", "month"})


def successor(kind: str, language: str, index: int) -> str | None:
    """Give the item after item `index` of a series; days and months wrap, other series end."""
    items = SERIES[kind, language]
    if index + 1 < len(items):
        return items[index + 1]
    return items[0] if kind in CYCLIC else None
