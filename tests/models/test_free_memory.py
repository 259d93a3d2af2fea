"""What the system says of free memory."""

from __future__ import annotations

import pytest

from atlas.models import free_memory as module
from atlas.models.free_memory import free_memory


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Stands for the system's files; those that are not written are absent."""
    for name in ("MEMINFO", "LIMIT", "USED"):
        monkeypatch.setattr(module, name, tmp_path / name)
    return tmp_path


def test_it_is_what_is_available_and_not_what_is_unused(files):
    (files / "MEMINFO").write_text("MemTotal: 900 kB\nMemFree: 100 kB\nMemAvailable: 300 kB\n")
    assert free_memory() == 300 * 1024


def test_a_containers_limit_counts_where_it_is_lower(files):
    (files / "MEMINFO").write_text("MemAvailable: 300 kB\n")
    (files / "LIMIT").write_text("5000\n")
    (files / "USED").write_text("2000\n")
    assert free_memory() == 3000
    (files / "LIMIT").write_text("max\n")
    assert free_memory() == 300 * 1024


@pytest.mark.parametrize("text", ["", "MemAvailable:\n", "MemAvailable: many kB\n"])
def test_a_system_that_does_not_say_is_no_error(text, files):
    (files / "MEMINFO").write_text(text)
    assert free_memory() is None
    (files / "MEMINFO").unlink()
    assert free_memory() is None
