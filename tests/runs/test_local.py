"""Jobs run in their own processes and fail alone."""

import pytest

from atlas.errors import BadInput, RunError
from atlas.runs.executors.local import Job, LocalSettings, run_jobs, threads_per_job


def outcomes(function, arguments, **settings):
    asked = [Job(str(each), f"tests.runs.jobs:{function}", each) for each in arguments]
    return {each.job.name: each for each in run_jobs(asked, LocalSettings(**settings))}


def test_every_job_gives_its_value():
    found = outcomes("double", [1, 2, 3], processes=2)
    assert {name: each.value for name, each in found.items()} == {"1": 2, "2": 4, "3": 6}


def test_a_job_that_ends_badly_fails_alone():
    found = outcomes("misbehave", ["killed", "bad input", "bug", "fine"], processes=2)
    assert found["fine"].value == "fine"
    assert isinstance(found["bad input"].error, BadInput)
    assert "signal 9" in str(found["killed"].error)
    assert "ZeroDivisionError: one over zero" in str(found["bug"].error)


def test_a_job_that_hangs_is_given_up():
    found = outcomes("misbehave", ["hangs"], seconds_per_job=2.0)
    assert isinstance(found["hangs"].error, RunError)
    assert "still ran" in str(found["hangs"].error)


def test_cores_are_shared_out():
    found = outcomes("threads", [None], processes=1)
    assert found["None"].value == str(threads_per_job(1))
    assert threads_per_job(10_000) == 1


def test_no_process_is_no_choice():
    with pytest.raises(BadInput, match="from 1 on"):
        list(run_jobs([], LocalSettings(processes=0)))
