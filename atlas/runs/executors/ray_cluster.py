"""Runs jobs on the nodes of a Ray cluster, one actor per worker.

Ray places each actor where its CPU, memory and GPUs are free. A node that dies loses its actors;
their jobs are handed out again (`schedule`). The atlas must be installed on every node, and the
library must lie at the same path.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import atlas.errors
from atlas.errors import AtlasError, RunError
from atlas.runs.executors.job import Job, Needs, perform
from atlas.runs.executors.workers import Capacity, Worker, WorkerLost, Workers

GIGABYTE = 10**9
SECONDS_TO_START = 60.0  # until an actor has its place and its process, on a busy machine too
SECONDS_TO_ANSWER = 10.0
LOOPBACK = ("127.", "localhost:", "[::1]")
# Ray's switch for whether nodes are reached at the machine's outer address or at 127.0.0.1.
BEYOND_LOOPBACK_VARIABLE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
ADDRESS_VARIABLE = "RAY_ADDRESS"
TOLD = ("HF_HUB_OFFLINE", "HF_HOME")  # variables that processes on other nodes are told too


class RayWorkers(Workers):
    """The actors of a cluster. Final.

    Raises RunError where Ray is not installed or the cluster cannot be reached.
    """

    def __init__(self, address: str = "") -> None:
        wanted = address or os.environ.get(ADDRESS_VARIABLE, "")
        _check_answer(wanted)
        if not wanted or wanted.startswith(LOOPBACK):
            # A cluster of this machine alone listens to this machine alone.
            os.environ.setdefault(BEYOND_LOOPBACK_VARIABLE, "0")
        self._ray = _ray()
        self._mine = not self._ray.is_initialized()
        self._started = 0
        if self._mine:
            self._join(wanted)

    def _join(self, address: str) -> None:
        try:
            self._ray.init(
                address=address or None,
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level="ERROR",
                runtime_env={"env_vars": _environment()},
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise _no_cluster(address, str(error)) from error

    def capacity(self) -> Capacity:
        """The most that one node has."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        memory = max((node.get("memory", 0.0) for node in nodes), default=0.0)
        gpus = max((node.get("GPU", 0.0) for node in nodes), default=0.0)
        return Capacity(memory / GIGABYTE, int(gpus))

    def start(self, needs: Needs) -> Worker | None:
        """A new actor; None where the cluster has no place for it."""
        free = self._ray.available_resources()
        asked = {"CPU": 1, "GPU": needs.gpus, "memory": needs.memory_gb * GIGABYTE}
        if any(free.get(name, 0) < amount for name, amount in asked.items()):
            return None
        self._started += 1
        actor = (
            self._ray.remote(_Performer)
            .options(
                num_cpus=1,
                num_gpus=needs.gpus,
                memory=int(needs.memory_gb * GIGABYTE),
                max_restarts=0,
                max_task_retries=0,
            )
            .remote()
        )
        try:
            node = self._ray.get(actor.node.remote(), timeout=SECONDS_TO_START)
        except (self._ray.exceptions.GetTimeoutError, self._ray.exceptions.RayActorError):
            self._ray.kill(actor)
            return None
        return _Actor(f"worker {self._started} on node {node[:8]}", actor, self._ray)

    def ended(self, busy: Sequence[Worker], seconds: float) -> list[Worker]:
        """Actors that are done or lost."""
        pending = {each.pending: each for each in busy if isinstance(each, _Actor)}
        ready, _ = self._ray.wait(list(pending), num_returns=1, timeout=seconds)
        return [pending[each] for each in ready]

    def close(self) -> None:
        """Leave the cluster, unless it was joined before."""
        if self._mine:
            self._ray.shutdown()


class _Performer:
    """What runs on a node."""

    def node(self) -> str:
        """The node's id; an answer says that the actor has its place."""
        return str(_ray().get_runtime_context().get_node_id())

    def perform(self, job: Job) -> tuple[Any, AtlasError | None]:
        """Call the job's function."""
        return perform(job)


class _Actor(Worker):
    """One actor and what it works on. Final."""

    def __init__(self, name: str, actor: Any, ray: Any) -> None:
        self.name = name
        self._actor, self._ray = actor, ray
        self.pending: Any = None

    def submit(self, job: Job) -> None:
        self.pending = self._actor.perform.remote(job)

    def result(self) -> tuple[Any, AtlasError | None]:
        try:
            value, error = self._ray.get(self.pending)
        except self._ray.exceptions.RayError as lost:
            raise WorkerLost(type(lost).__name__) from None
        return value, error

    def stop(self) -> None:
        self._ray.kill(self._actor, no_restart=True)


def _check_answer(address: str) -> None:
    """Whether anything listens at host:port; Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon or "://" in address or not port.isdigit():
        return  # "auto", or a name that Ray resolves
    try:
        socket.create_connection((host, int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, str(error)) from error


def _no_cluster(address: str, found: str) -> RunError:
    return RunError(
        f"Ray at {address or 'this machine'}",
        "a cluster that answers",
        " ".join(found.split())[:200],
        "start one with `ray start --head`, or leave out --ray-address",
    )


def _ray() -> Any:
    """The library, which is large and wanted by few."""
    try:
        import ray  # noqa: PLC0415
        import ray.exceptions  # noqa: PLC0415
    except ImportError as error:
        raise RunError(
            "--executor ray", "Ray", "it is not installed",
            'pip install "llm-circuits-atlas[cluster]"',
        ) from error  # fmt: skip
    return ray


def _environment() -> dict[str, str]:
    """What the actors' processes are told: where this atlas is, unless it is installed."""
    root = Path(atlas.errors.__file__).parent.parent
    told = {name: os.environ[name] for name in TOLD if name in os.environ}
    if root.name != "site-packages":
        paths = [str(root), os.environ.get("PYTHONPATH", "")]
        told["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return told
