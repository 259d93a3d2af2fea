"""Jobs run on a real Ray cluster of two nodes on this machine; one of them is killed."""

import os
import time
from collections import Counter

import pytest

from atlas.errors import BadInput, RunError
from atlas.runs.executors.job import Job, Needs
from atlas.runs.executors.ray_cluster import BEYOND_LOOPBACK_VARIABLE, RayWorkers
from atlas.runs.executors.schedule import ScheduleSettings, run_jobs

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def cluster():
    """A head that runs nothing, so that it outlives what is done to the other nodes."""
    os.environ[BEYOND_LOOPBACK_VARIABLE] = "0"  # Ray reads it once, when it is loaded
    from ray.cluster_utils import Cluster

    found = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "node_ip_address": "127.0.0.1"},
    )
    yield found
    found.shutdown()


@pytest.fixture
def workers(cluster):
    """Two nodes that each run one job at a time, and what hands them out."""
    nodes = [cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1") for _ in range(2)]
    found = RayWorkers(cluster.address)
    yield found
    found.close()
    for node in set(nodes) & set(cluster.worker_nodes):
        cluster.remove_node(node)


def run(workers, jobs):
    return {each.job.name: each for each in run_jobs(jobs, workers, ScheduleSettings(workers=2))}


def job(function, argument, **fields):
    return Job(str(argument), f"tests.runs.jobs:{function}", argument, **fields)


def wait_until_idle(ray, cpus, seconds=60.0):
    """The cluster learns a while after an actor's end that its place is free."""
    until = time.monotonic() + seconds
    while ray.available_resources().get("CPU", 0) < cpus:
        assert time.monotonic() < until, ray.available_resources()
        time.sleep(0.1)


def test_jobs_run_on_both_nodes_and_a_killed_node_loses_none(cluster, workers, tmp_path):
    import ray

    asked = [("misbehave", "bad input"), ("misbehave", "bug"), ("double", 4), ("process", None)]
    wait_until_idle(ray, 2)
    found = run(workers, [job(*each, group="g") for each in asked])
    assert found["4"].value == 8
    assert len({each.worker for each in found.values()}) == 2
    assert isinstance(found["bad input"].error, BadInput)
    assert "one over zero" in str(found["bug"].error)

    late = run(workers, [job("misbehave", "hangs", needs=Needs(seconds=1.0))])
    assert "still ran" in str(late["hangs"].error)
    greedy = run(workers, [job("double", 5, needs=Needs(gpus=8))])
    assert isinstance(greedy["5"].error, RunError)
    assert "8 GPU" in str(greedy["5"].error)

    # This process is attached to one node and would end with it: another is killed.
    mine = ray.get_runtime_context().get_node_id()
    killed = next(node for node in cluster.worker_nodes if node.node_id != mine)
    wait_until_idle(ray, 2)
    said, ended, log = [], [], tmp_path / "log"
    asked = [Job(f"job {n}", "tests.runs.jobs:counted", (str(log), n), group="g") for n in range(8)]
    settings = ScheduleSettings(workers=2, notice=said.append)
    for outcome in run_jobs(asked, workers, settings):
        ended.append(outcome)
        # A worker that ended a job has its next one by the time that this is told.
        if killed in cluster.worker_nodes and outcome.worker.endswith(f"node {killed.node_id[:8]}"):
            cluster.remove_node(killed, allow_graceful=False)
    assert [each.error for each in ended] == [None] * 8
    assert Counter(each.value for each in ended) == Counter(range(8))
    assert len(said) == 1
    assert "was lost" in said[0]
    assert Counter(map(int, log.read_text().split())) >= Counter(range(8))


def test_a_cluster_that_does_not_answer_is_one_line():
    with pytest.raises(RunError, match="start one with") as caught:
        RayWorkers("127.0.0.1:1")
    assert "\n" not in str(caught.value)
