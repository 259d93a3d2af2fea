"""How much memory this process could still get, as far as the system says; without torch."""

from __future__ import annotations

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
# A container's own limit, of which the machine's figures know nothing.
LIMIT = Path("/sys/fs/cgroup/memory.max")
USED = Path("/sys/fs/cgroup/memory.current")


def free_memory() -> int | None:
    """Bytes that can be had without taking them from others; None where nobody says."""
    found = [each for each in (_of_machine(), _of_container()) if each is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
        given = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(given["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


def _of_container() -> int | None:
    try:
        return max(int(LIMIT.read_text()) - int(USED.read_text()), 0)
    except (OSError, ValueError):  # no container, or "max": no limit
        return None
