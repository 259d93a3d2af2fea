"""What a visit to a page of a built site sends before the reader does anything, by file.

python -m benchmarks.page_weight SITE PAGE…
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from site_builder.serve import make_server
from tests.browser.byte_log import length_by_address
from tests.browser.find_browser import INSTRUCTION, find_browser
from tests.browser.serving import serving


def main(site: str, pages: list[str]) -> None:
    """Print each page's bytes over the wire, headers left out, and those of its files."""
    path = find_browser()
    if path is None:
        sys.exit(INSTRUCTION)
    with serving(make_server(Path(site), 0)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for page in pages:
            received = _visit(browser, f"{address}/{page}")
            print(f"{page}: {sum(received.values()):,} bytes in {len(received)} files")
            for name, size in sorted(received.items(), key=lambda item: -item[1]):
                print(f"  {size:>7,}  {name}")
        browser.close()


def _visit(browser: Browser, address: str) -> dict[str, int]:
    """Bytes by path, as the answers' headers declare them."""
    received: dict[str, int] = {}
    page = browser.new_page()
    page.on("response", lambda answer: received.update(length_by_address(answer)))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.close()
    return {urlsplit(each).path: size for each, size in received.items()}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
