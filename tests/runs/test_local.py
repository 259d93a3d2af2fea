"""Jobs run in processes of this machine and fail alone."""

import os

import pytest

from atlas.errors import BadInput, RunError
from atlas.runs.executors.job import Job, Needs
from atlas.runs.executors.local import (
    THREAD_VARIABLES,
    LocalWorkers,
    memory_of_machine,
    threads_per_job,
)
from atlas.runs.executors.schedule import ScheduleSettings, run_jobs


def outcomes(function, arguments, processes=1, notice=lambda _: None, **fields):
    """The outcome of each argument, by its text."""
    asked = [Job(str(each), f"tests.runs.jobs:{function}", each, **fields) for each in arguments]
    settings = ScheduleSettings(processes, retries=1, notice=notice)
    return {each.job.name: each for each in run_jobs(asked, LocalWorkers(processes), settings)}


def test_every_job_gives_its_value():
    found = outcomes("double", [1, 2, 3], processes=2)
    assert {name: each.value for name, each in found.items()} == {"1": 2, "2": 4, "3": 6}


def test_a_job_that_ends_badly_fails_alone():
    said = []
    asked = ["killed", "bad input", "bug", "fine"]
    found = outcomes("misbehave", asked, processes=2, notice=said.append)
    assert found["fine"].value == "fine"
    assert isinstance(found["bad input"].error, BadInput)
    assert "signal 9, 2 times" in str(found["killed"].error)
    assert "ZeroDivisionError: one over zero" in str(found["bug"].error)
    assert len(said) == 1
    assert "was lost (signal 9); it is tried again" in said[0]


def test_a_job_whose_worker_was_lost_is_tried_again(tmp_path):
    mark = str(tmp_path / "mark")
    found = outcomes("lost_once", [mark])
    assert (found[mark].value, found[mark].error) == ("done", None)


def test_a_job_that_hangs_is_given_up_and_not_tried_again():
    said = []
    found = outcomes("misbehave", ["hangs"], needs=Needs(seconds=2.0), notice=said.append)
    assert isinstance(found["hangs"].error, RunError)
    assert "still ran" in str(found["hangs"].error)
    assert said == []


def test_a_group_shares_a_process_and_others_do_not():
    grouped = outcomes("process", [1, 2, 3], group="model/dictionary")
    assert len({each.value for each in grouped.values()}) == 1
    alone = outcomes("process", [1, 2, 3])
    assert len({each.value for each in alone.values()}) == 3


def test_a_worker_is_not_kept_for_a_job_that_asks_for_more():
    asked = [
        Job(str(each), "tests.runs.jobs:process", each, "notebooks", Needs(memory_gb=each))
        for each in (1, 2)
    ]
    found = list(run_jobs(asked, LocalWorkers(1), ScheduleSettings()))
    assert len({each.value for each in found}) == 2


def test_a_group_is_shared_out_where_workers_would_be_idle():
    found = outcomes("process", list(range(6)), processes=2, group="model/dictionary")
    assert len({each.value for each in found.values()}) == 2


def test_cores_are_shared_out(monkeypatch):
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    found = outcomes("threads", [None], processes=1)
    assert found["None"].value == str(threads_per_job(1))
    assert threads_per_job(1) == os.cpu_count()
    assert threads_per_job(10_000) == 1


@pytest.mark.parametrize(("limit", "threads"), [("3", 3), ("0", 1), ("all", 8), ("100", 8)])
def test_a_limit_that_the_environment_sets_holds_for_each_job(monkeypatch, limit, threads):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, limit)
    assert threads_per_job(1) == threads


def test_no_process_is_no_choice():
    with pytest.raises(BadInput, match="from 1 on"):
        list(run_jobs([], LocalWorkers(0), ScheduleSettings(workers=0)))


def test_the_machine_says_how_much_memory_it_has():
    assert memory_of_machine() > 0.5
