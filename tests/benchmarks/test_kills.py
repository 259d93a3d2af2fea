"""Commands that are killed go on and leave what an undisturbed run leaves, or it is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.reliability.kills import SEED, WAYS, kill_many
from benchmarks.reliability.tasks import TASKS, Task

WRITES_IN_PLACE = """
import time
with open("kept", "w") as file:
    for _ in range(20):
        file.write("new")
        file.flush()
        time.sleep(0.02)
"""
LEAVES_A_FILE = """
import os, time
open(f".{os.getpid()}.unfinished", "w").close()
time.sleep(0.3)
open("kept", "w").write("new")
"""


class Script(Task):
    """A program that is not to be killed. Final."""

    name = "script"
    program = ""

    def prepare(self):
        self.given.mkdir()
        (self.given / "kept").write_text("old")

    def words(self, folder):
        return ()

    def kept(self, folder):
        return {"kept": (folder / "kept").read_bytes()}

    def problems(self, folder, before, after):
        return [] if self.kept(folder) in (before, after) else ["half-written"]

    def start(self, folder: Path, *more: str):
        return subprocess.Popen(
            [sys.executable, "-c", self.program], cwd=folder, start_new_session=True,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("program", "noticed"), [(WRITES_IN_PLACE, "half-written"), (LEAVES_A_FILE, "left: ")]
)
def test_a_program_that_is_not_to_be_killed_is_noticed(tmp_path, program, noticed):
    task = Script(tmp_path / "given")
    task.program = program
    tally = kill_many(task, 4, 1, tmp_path)
    assert sum(tally.kills.values()) == 4
    assert any(noticed in problem for problem in tally.problems), tally
    assert set(tally.kills) <= set(WAYS)


def test_kills_that_were_ended_go_on_after_their_last_round(tmp_path):
    tallies = []
    for number, kills in enumerate((2, 5)):
        place = tmp_path / str(number)
        task = Script(place / "given")
        task.program = WRITES_IN_PLACE
        tallies.append(kill_many(task, kills, 1, place, tmp_path / "record.json"))
    assert [sum(each.kills.values()) for each in tallies] == [2, 5]
    assert tallies[1].rounds > tallies[0].rounds
    assert tallies[1].problems[: len(tallies[0].problems)] == tallies[0].problems


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.name)
def test_a_command_that_is_killed_three_times(tmp_path, kind):
    tally = kill_many(kind(tmp_path / "given"), 3, SEED, tmp_path)
    assert tally.problems == []
    assert sum(tally.kills.values()) == 3
