"""What an unquoted YAML word stands for, by the core schema of YAML 1.2 and nothing else.

`no`, `on`, `9:6`, `12_3` and `2024-01-05` are text; `010` is ten; `1e-3` is a number.
"""

from __future__ import annotations

import math
import re

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_DECIMAL = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)
_NUMBER_START = frozenset("0123456789-+.")
_MOST_DIGITS = 300  # more than any double needs, and far below Python's limit for integers


class UnusableNumberError(ValueError):
    """A word that reads as a number which JSON and the atlas cannot carry."""


def plain_scalar(word: str) -> str | int | float | bool | None:
    """The value of an unquoted word; raises UnusableNumberError for infinities and the like."""
    if not word or word[0] not in _NUMBER_START:
        if word in _NULL:
            return None
        return _BOOLEAN.get(word, word)
    return _number(word)


def _number(word: str) -> str | int | float:
    decimal = _DECIMAL.fullmatch(word)
    if decimal or _FLOAT.fullmatch(word) or _NOT_FINITE.fullmatch(word):
        if _NOT_FINITE.fullmatch(word) or len(word) > _MOST_DIGITS:
            raise UnusableNumberError(word)
        value = int(word) if decimal else float(word)
        if isinstance(value, float) and not math.isfinite(value):
            raise UnusableNumberError(word)
        return value
    for form, base in ((_OCTAL, 8), (_HEXADECIMAL, 16)):
        if form.fullmatch(word):
            if len(word) > _MOST_DIGITS:
                raise UnusableNumberError(word)
            return int(word[2:], base)
    return word
