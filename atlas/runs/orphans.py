"""Ends the kernels that outlived the run that started them.

A kernel has a session of its own, which an end by force of its run does not reach. It notices
after a second or more that its parent is gone, and until then writes on in a folder that the next
run removes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

SECONDS_TO_END = 1.0  # a killed process does nothing more; this waits until it is gone too


def end_orphans(results: Path) -> None:
    """Kill each process whose command line names a file in an unfinished folder of `results`.

    Call it only while no other run uses that folder; then nobody waits for such a process.
    """
    unfinished = f"{results.resolve()}{os.sep}."
    orphans = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(unfinished) for word in process.info["cmdline"] or ())
    ]
    for orphan in orphans:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            orphan.kill()
    psutil.wait_procs(orphans, timeout=SECONDS_TO_END)
