"""Find Chrome or Chromium; with `--install`, install it where that is possible.

Order: $ATLAS_BROWSER, a browser on the PATH, one that Playwright installed. Installing means
Debian's package for root on Debian, Playwright's own download otherwise. Chromium without its
windows is taken first: the same pages cost it half to three quarters of the processor time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
PACKAGES = ("chromium-headless-shell", "chromium")  # Debian's; older ones have the second alone
INSTRUCTION = (
    "No Chrome or Chromium found, and none could be installed. Install one "
    "(Debian, Ubuntu: sudo apt-get install chromium) or set ATLAS_BROWSER to its path."
)


def playwright_browser() -> str | None:
    """The Chromium that Playwright downloaded, if it did."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def find_browser() -> str | None:
    """Path of a Chrome or Chromium on this machine, or None."""
    chosen = os.environ.get("ATLAS_BROWSER")
    if chosen:
        return chosen if Path(chosen).exists() else None
    for name in NAMES:
        if path := shutil.which(name):
            return path
    return playwright_browser()


def install_browser() -> None:
    """Try Debian's package as root, else Playwright's download; silent about failure."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        for package in PACKAGES:
            if find_browser() is None:
                subprocess.run([*install, package], env=environment, check=False)
    if find_browser() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> None:
    """Print the browser's path; exit 1 with one instruction where there is none."""
    if find_browser() is None and "--install" in sys.argv[1:]:
        install_browser()
    path = find_browser()
    if path is None:
        sys.exit(INSTRUCTION)
    print(path)


if __name__ == "__main__":
    main()
