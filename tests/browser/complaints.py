"""What a page must never do: make the browser complain, run a stranger's text, scroll sideways."""

from __future__ import annotations

from tests.browser.conftest import Visit


def complaints(made: Visit, path: str) -> list[str]:
    """Opens a page and says what is wrong with it."""
    page = made.open(path)
    found = [f"{path}: {said}" for said in made.said]
    if page.evaluate("window.hacked") is not None:
        found.append(f"{path}: a text of an entry ran as a program")
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"{path}: it scrolls sideways")
    return found
