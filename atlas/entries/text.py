"""Text that others wrote, made safe to print."""

from __future__ import annotations

import re

# Control characters (terminal escape sequences begin with one), bidirectional overrides and
# isolates (they make text read otherwise than it is stored), line and paragraph separators,
# invisible characters, lone surrogates. Line feed and tab are ordinary in prose.
HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAKING = re.compile(f"{HOSTILE.pattern[:-1]}\t\n]")


def printable(text: str, limit: int = 0) -> str:
    """The text on one line with unsafe characters escaped, cut to `limit` characters if given."""
    if limit and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _BREAKING.sub(_escape, text)


def printable_lines(text: str) -> str:
    """The text with its line breaks and tabs kept and unsafe characters escaped."""
    return HOSTILE.sub(_escape, text)


def quoted(value: object, limit: int = 80) -> str:
    """How a value of a file is shown in a message: as JSON would write it, short and safe."""
    if isinstance(value, str):
        text = value if len(value) <= limit else value[: limit - 1] + "…"
        return '"' + printable(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    return printable(str(value), limit)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(match[0], f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
