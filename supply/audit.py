"""Asks whether anything is known against the locked versions, and says so only if it was answered.

    python -m supply.audit locks/everything.txt locks/torch.txt

pip-audit gives the answers. It leaves out a package that its source does not know and then ends
well, so a source that answers nothing at all would look like good news. Here each package that was
not audited counts as a failure. Exit code 0: all were audited and nothing is known; 1: something
is known; 2: not all could be audited.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from supply.locks import read_lock

SHOWN = 5  # of the packages that were not audited
SECONDS = 600  # for one lock
CLEAN, KNOWN, UNANSWERED = 0, 1, 2


@dataclass(frozen=True)
class Audit:
    """What came out for the packages of one or more locks."""

    wanted: frozenset[str]  # packages
    audited: frozenset[str]
    advisories: tuple[str, ...]  # a line for each
    trouble: str = ""  # why there was no answer, where the source said

    @property
    def missing(self) -> list[str]:
        """The packages of which nothing is known, neither good nor bad."""
        return sorted(self.wanted - self.audited)

    @property
    def exit_code(self) -> int:
        """CLEAN, KNOWN or UNANSWERED; an advisory counts most."""
        if self.advisories:
            return KNOWN
        return UNANSWERED if self.missing or not self.wanted else CLEAN

    def lines(self) -> list[str]:
        """What a person reads."""
        said = [*self.advisories]
        if self.missing:
            shown = ", ".join(self.missing[:SHOWN])
            more = f" and {len(self.missing) - SHOWN} more" if len(self.missing) > SHOWN else ""
            said.append(f"NOT AUDITED: {shown}{more}. {self.trouble}".rstrip())
            said.append("This says nothing about them: run it again where the source answers.")
        counts = f"{len(self.audited)} of {len(self.wanted)} packages audited"
        return [*said, f"{counts}, {len(self.advisories)} advisories."]


def audit(locks: Sequence[Path]) -> Audit:
    """Ask for every package of these locks that this system installs. Raises BrokenLock."""
    found = [_audit_one(lock) for lock in locks]
    return Audit(
        frozenset().union(*(each.wanted for each in found)),
        frozenset().union(*(each.audited for each in found)),
        tuple(dict.fromkeys(line for each in found for line in each.advisories)),
        next((each.trouble for each in found if each.trouble), ""),
    )


def read_report(text: str, wanted: Iterable[str]) -> Audit:
    """pip-audit's JSON report beside the packages that it was asked for."""
    try:
        reported = json.loads(text)["dependencies"]
        names = frozenset(each["name"] for each in reported if "skip_reason" not in each)
        reasons = [each["skip_reason"] for each in reported if "skip_reason" in each]
        lines = tuple(
            f"{each['name']} {each['version']}: {known['id']}; mended in "
            f"{', '.join(known['fix_versions']) or 'no version'}"
            for each in reported
            for known in each.get("vulns", ())
        )
    except (ValueError, KeyError, TypeError) as error:
        return Audit(frozenset(wanted), frozenset(), (), f"No report: {error}"[:200])
    wanted = frozenset(wanted)
    return Audit(wanted, names & wanted, lines, reasons[0] if reasons else "")


def _audit_one(lock: Path) -> Audit:
    pins = read_lock(lock)
    wanted = [name for name, pin in pins.items() if pin.needed_here]
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip",
        "--require-hashes", "--progress-spinner", "off", "--format", "json",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Audit(frozenset(wanted), frozenset(), (), f"No answer within {SECONDS} seconds.")
    if done.stdout.strip():
        return read_report(done.stdout, wanted)
    lines = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
    return Audit(frozenset(wanted), frozenset(), (), lines[-1][:300])


def main(arguments: Sequence[str]) -> int:
    """Print what came out; the exit code."""
    found = audit([Path(each) for each in arguments])
    print("\n".join(found.lines()))
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
