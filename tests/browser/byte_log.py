"""What a visit sends over the wire, as the answers declare it."""

from __future__ import annotations

from playwright.sync_api import Response


def length_by_address(answer: Response) -> dict[str, int]:
    """The length of one answer after compression, headers left out, by its address."""
    return {answer.url: int(answer.headers.get("content-length", 0))}
