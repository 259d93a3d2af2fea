"""The most memory that another process had, by kind, read from the kernel again and again.

Memory of its own is what a process cannot give back. Pages of mapped files count as resident, too,
but the system takes them back whenever memory is short.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

KINDS = {"own": "RssAnon", "of_files": "RssFile", "resident": "VmRSS"}
PAUSE = 0.01  # seconds between two readings


class Peak:
    """The highest readings so far, in bytes. Final."""

    def __init__(self, process: int) -> None:
        self.status = Path(f"/proc/{process}/status")
        self.highest = dict.fromkeys(KINDS, 0)

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Read until the process has ended."""
        while process.poll() is None:
            self.read()
            time.sleep(PAUSE)

    def read(self) -> None:
        """One reading; nothing is learnt from a process that is ending."""
        try:
            lines = self.status.read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            return
        found = dict(line.split(":", 1) for line in lines)
        for kind, name in KINDS.items():
            if name in found:
                size = int(found[name].split()[0]) * 1024
                self.highest[kind] = max(self.highest[kind], size)

    def figures(self) -> dict[str, float]:
        """By kind."""
        return {f"{kind}_bytes": size for kind, size in self.highest.items()}
