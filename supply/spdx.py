"""Which licence a package has by its own metadata, as an SPDX expression, and which are allowed.

Allowed is what lets everybody use, change and pass on the atlas together with the package:
permissive licences, and those whose copyleft ends at the package's own files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from license_expression import ExpressionError, Licensing
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

PERMISSIVE = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "HPND", "ISC",
    "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib", "OFL-1.1", "NCSA",
    "Apache-2.0 WITH LLVM-exception", "CNRI-Python", "bzip2-1.0.6",
})  # fmt: skip
BSD = "LicenseRef-BSD"  # one of BSD's licences; the metadata do not say which
OF_ITS_OWN_FILES = frozenset({"MPL-2.0"})
ALLOWED = PERMISSIVE | OF_ITS_OWN_FILES | {BSD}
NVIDIA = "LicenseRef-NVIDIA-Proprietary"
# CUDA's libraries are no free software. They come with PyPI's torch on Linux and with nothing of
# ours: a torch for the processor alone does without them.
ALLOWED_WITH_TORCH = ALLOWED | {NVIDIA}

CLASSIFIERS: Mapping[str, str] = {
    "Apache Software License": "Apache-2.0",
    "BSD License": BSD,
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "NVIDIA Proprietary Software": NVIDIA,
    "Other/Proprietary License": NVIDIA,
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
TEXTS: Mapping[str, str] = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": BSD,
    "bsd 2-clause": "BSD-2-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "mit license": "MIT",
    "nvidia proprietary software": NVIDIA,
    "the mit license (mit)": "MIT",
}
SPDX = Licensing()


def licence_of(metadata: Mapping[str, object]) -> str:
    """The SPDX expression that a package's metadata give; "" where they give none that is clear.

    `metadata` are the fields of the core metadata in their JSON form.
    """
    expression = str(metadata.get("license_expression") or "")
    if expression:
        return _canonical(expression)
    text = str(metadata.get("license") or "").strip()
    first = text.splitlines()[0].strip() if text else ""
    found = TEXTS.get(first.lower(), "") or _canonical(first)
    return found or _of_classifiers(metadata.get("classifier") or ())


def allowed(expression: str, licences: frozenset[str] = ALLOWED) -> bool:
    """Whether every part of an SPDX expression is met by one of these licences.

    `A OR B` is met by either, `A AND B` by both; an expression that cannot be read by none.
    """
    try:
        parsed = SPDX.parse(expression)
    except ExpressionError:
        return False
    if parsed is None:
        return False
    met = {each: SPDX.TRUE if str(each) in licences else SPDX.FALSE for each in parsed.symbols}
    return bool(parsed.subs(met, simplify=True) == SPDX.TRUE)


def _of_classifiers(classifiers: object) -> str:
    """All licences that the classifiers name, each of which must be met; "" if one is not known."""
    assert isinstance(classifiers, Sequence)
    parts = [str(each).split(" :: ") for each in classifiers]
    names = [each[-1] for each in parts if each[0] == "License" and each[-1] != "OSI Approved"]
    if not all(name in CLASSIFIERS for name in names):
        return ""
    return " AND ".join(sorted({CLASSIFIERS[name] for name in names}))


def _canonical(text: str) -> str:
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""
