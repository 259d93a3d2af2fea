"""One run at a time in a folder; the second says whom it waits for, and waits."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from atlas.errors import CannotWrite, FolderInUse
from atlas.files.only_run import Turn, beside, inside, only_run

AT_ONCE = Turn(wait=False)
CONTEXT = multiprocessing.get_context("fork")

# Python warns of forks beside threads; these children start none and take no lock of theirs.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def hold(lock: Path, pipe) -> None:
    sys.argv = ["/usr/bin/atlas", "reproduce", "--all"]
    with only_run(lock):
        pipe.send("ready")
        pipe.recv()


@contextmanager
def holder(lock: Path):
    """Another process that holds a lock, and what ends it; it ends when the block ends."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=hold, args=(lock, theirs))
    process.start()
    assert ours.recv() == "ready"

    def end() -> None:
        ours.send("over")
        process.join(60)

    try:
        yield process, end
    finally:
        end()


def test_a_lock_is_gone_afterwards(tmp_path):
    folder = tmp_path / "site"
    with only_run(beside(folder), inside(tmp_path / "build")):
        found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
        assert found == {".site.lock", "build", "build/.lock"}
    assert [path.name for path in tmp_path.rglob("*")] == ["build"]


def test_a_second_run_that_does_not_wait_says_who_is_there(tmp_path):
    with (
        holder(inside(tmp_path)) as (process, _),
        pytest.raises(FolderInUse) as caught,
        only_run(inside(tmp_path), turn=AT_ONCE),
    ):
        pytest.fail("it did not refuse")
    message = str(caught.value)
    assert f"process {process.pid} (`atlas reproduce --all`) has used it since 20" in message
    assert message.startswith(f"{tmp_path}: expected no other run in this folder")


def test_a_second_run_says_whom_it_waits_for_and_then_runs(tmp_path):
    said = []
    with holder(beside(tmp_path / "site")) as (process, end):

        def say(line):
            said.append(line)
            threading.Timer(0.2, end).start()

        with only_run(beside(tmp_path / "site"), turn=Turn(say=say)):
            pass
    assert said == [said[0]]
    assert said[0].startswith(f"waiting for {tmp_path / 'site'}: process {process.pid} (`atlas")


@pytest.fixture
def interruptible():
    """Ctrl-C as at a terminal: what a shell starts in the background ignores it from its start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_the_waiting_with_one_line(tmp_path, interruptible):
    with holder(inside(tmp_path)):
        interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        interrupt.start()
        with pytest.raises(FolderInUse, match="nothing was done"), only_run(inside(tmp_path)):
            pytest.fail("it did not wait")
        assert (tmp_path / ".lock").exists()


def test_a_run_that_was_killed_blocks_nobody(tmp_path):
    with holder(inside(tmp_path)) as (process, _):
        process.kill()
        process.join()
        assert (tmp_path / ".lock").exists()
        with only_run(inside(tmp_path), turn=AT_ONCE):
            pass
    assert not (tmp_path / ".lock").exists()


def start_program_and_hold(lock: Path, pipe) -> None:
    with only_run(lock):
        pipe.send(subprocess.Popen(["sleep", "60"]).pid)
        time.sleep(60)


def test_a_program_that_a_killed_run_had_started_blocks_nobody(tmp_path):
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=start_program_and_hold, args=(inside(tmp_path), theirs))
    process.start()
    started = ours.recv()
    process.kill()
    process.join()
    try:
        os.kill(started, 0)  # it runs on
        with only_run(inside(tmp_path), turn=AT_ONCE):
            pass
    finally:
        os.kill(started, signal.SIGKILL)


def work(locks, log: Path) -> None:
    for _ in range(5):
        with only_run(*locks):
            with log.open("a") as file:
                file.write("begin\n")
            time.sleep(0.002)
            with log.open("a") as file:
                file.write("end\n")


def test_many_runs_take_turns_whatever_the_order_of_their_locks(tmp_path):
    locks = [beside(tmp_path / "a"), beside(tmp_path / "b")]
    log = tmp_path / "log"
    workers = [CONTEXT.Process(target=work, args=(order, log))
               for order in (locks, locks[::-1], locks, locks[::-1])]  # fmt: skip
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert log.read_text().split() == ["begin", "end"] * 20
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_lock_that_says_nothing_is_still_a_lock(tmp_path):
    with holder(inside(tmp_path)):
        (tmp_path / ".lock").write_text("{")
        with (
            pytest.raises(FolderInUse, match="found another run"),
            only_run(inside(tmp_path), turn=AT_ONCE),
        ):
            pass


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path):
    (tmp_path / "file").touch()
    below_a_file = inside(tmp_path / "file" / "folder")
    with pytest.raises(CannotWrite, match="it is below a file"), only_run(below_a_file):
        pass
    not_ours = inside(Path("/sys/x"))
    with pytest.raises(CannotWrite, match=r"permitted|denied|Read-only"), only_run(not_ours):
        pass
