"""Numbers and words as readers see them."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int = 3) -> str:
    """A number with that many significant digits, a true minus sign, and no exponent below 10^6."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    if abs(value) >= 1e6 or decimals > digits + 3:
        written = f"{value:.{digits - 1}e}"
    else:
        written = f"{value:.{decimals}f}"
        if "." in written:
            written = written.rstrip("0").rstrip(".")
    return written.replace("-", MINUS)


def fixed(value: float, decimals: int = 2) -> str:
    """A number with that many decimals and a true minus sign."""
    if not math.isfinite(value):
        return number(value)
    written = f"{value:.{decimals}f}"
    if float(written) == 0:
        written = written.lstrip("-")
    return written.replace("-", MINUS)


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign, plus included."""
    written = fixed(value, decimals)
    return written if written.startswith(MINUS) or float(value) == 0 else f"+{written}"


def percent(share: float, decimals: int = 0) -> str:
    """A share (0 to 1) as a percentage."""
    return f"{fixed(100 * share, decimals)} %"


def count(value: int, noun: str, plural: str | None = None) -> str:
    """A counted noun: `1 claim`, `2 claims`."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    )


def whole(value: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def listed(words: list[str]) -> str:
    """Words joined as in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


# How the field writes what identifiers have in small letters.
WRITTEN = {
    "mlp": "MLP",
    "mlps": "MLPs",
    "ngram": "n-gram",
    "l0": "L0",
    "f1": "F1",
    "kl": "KL",
    "sae": "SAE",
    "saes": "SAEs",
}


def spoken(identifier: str) -> str:
    """An identifier as words: `not_supported` gives `not supported`."""
    words = identifier.replace("_", " ").replace("-", " ").split(" ")
    return " ".join(WRITTEN.get(word, word) for word in words)
