"""An audit is good news only if every package was answered for."""

import json
import subprocess
import sys

import pytest

from supply import audit
from supply.audit import CLEAN, KNOWN, UNANSWERED, read_report

SKIP = "Dependency not found on PyPI and could not be audited: numpy (2.4.6)"
GOOD = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED = {"name": "numpy", "skip_reason": SKIP}
KNOWN_OF = {
    "name": "click",
    "version": "8.5.1",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["8.5.2"], "aliases": [], "description": ""}],
}


def report(*dependencies):
    return json.dumps({"dependencies": dependencies, "fixes": []})


@pytest.mark.parametrize(
    ("text", "wanted", "code", "words"),
    [
        (report(GOOD), ["numpy"], CLEAN, "1 of 1 packages audited, 0 advisories."),
        (report(SKIPPED), ["numpy"], UNANSWERED, f"NOT AUDITED: numpy. {SKIP}"),
        (report(GOOD), ["numpy", "click"], UNANSWERED, "NOT AUDITED: click."),
        (report(), [], UNANSWERED, "0 of 0 packages audited"),
        (report(KNOWN_OF, GOOD), ["numpy", "click"], KNOWN, "click 8.5.1: PYSEC-2026-1; mended in"),
        (report(KNOWN_OF, SKIPPED), ["numpy", "click"], KNOWN, "NOT AUDITED: numpy."),
        ("No known vulnerabilities found", ["numpy"], UNANSWERED, "NOT AUDITED: numpy."),
        ("[]", ["numpy"], UNANSWERED, "0 advisories."),
    ],
)
def test_what_an_answer_comes_to(text, wanted, code, words):
    found = read_report(text, wanted)
    assert found.exit_code == code
    assert words in "\n".join(found.lines())


def test_a_source_that_answers_nothing_is_no_good_news(monkeypatch, tmp_path, capsys):
    lock = tmp_path / "lock.txt"
    lock.write_text("numpy==2.4.6 \\\n    --hash=sha256:" + 64 * "0" + "\n")
    said = "Traceback …\nConnectionError: Failed to resolve the name\n"
    answer = subprocess.CompletedProcess([], 0, "", said)  # even if it ended well
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    assert audit.main([str(lock)]) == UNANSWERED
    out = capsys.readouterr().out
    assert "NOT AUDITED: numpy. ConnectionError: Failed to resolve the name" in out
    assert "This says nothing about them" in out


def test_it_asks_pip_audit_for_exactly_what_is_locked(monkeypatch, tmp_path):
    lock, asked = tmp_path / "lock.txt", []
    hashes = " \\\n    --hash=sha256:" + 64 * "0" + "\n"
    lock.write_text(f"numpy==2.4.6{hashes}appnope==1 ; sys_platform == 'nowhere'{hashes}")

    def run(command, **_):
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, report(GOOD), "")

    monkeypatch.setattr(subprocess, "run", run)
    assert audit.main([str(lock)]) == CLEAN
    ((python, *words),) = asked
    assert python == sys.executable
    assert words[:4] == ["-m", "pip_audit", "--requirement", str(lock)]
    assert "--require-hashes" in words
