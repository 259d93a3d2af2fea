"""Seconds and peak memory of a stretch of work in this process.

Only Python's own library, because the peer's environment runs this file, too.
"""

from __future__ import annotations

import ctypes
import gc
import time
from pathlib import Path
from types import TracebackType

STATUS = Path("/proc/self/status")
FORGET_PEAK = Path("/proc/self/clear_refs")


class Meter:
    """Measures from `with` to its end; the figures lie in `wall`, `cpu` and `extra_bytes`."""

    wall: float  # seconds
    cpu: float  # seconds of this process, all threads
    extra_bytes: int  # the highest resident memory above that at the start

    def __enter__(self) -> Meter:
        """Start; what was the peak before is forgotten."""
        # What loading has freed goes back first: it would otherwise be reused unseen.
        gc.collect()
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        FORGET_PEAK.write_text("5")
        self._base = _memory("VmRSS")
        self._started = (time.perf_counter(), time.process_time())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.wall = time.perf_counter() - self._started[0]
        self.cpu = time.process_time() - self._started[1]
        self.extra_bytes = _memory("VmHWM") - self._base

    def figures(self) -> dict[str, float]:
        """All three by name."""
        return {"wall": self.wall, "cpu": self.cpu, "extra_bytes": self.extra_bytes}


def _memory(name: str) -> int:
    """A figure of the kernel's about this process, in bytes."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{STATUS} has no {name}")
