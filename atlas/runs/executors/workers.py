"""What a place where jobs run must be able to do; `schedule` does all the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from atlas.errors import AtlasError
from atlas.runs.executors.job import Job, Needs


@dataclass(frozen=True)
class Capacity:
    """The most that one job can have."""

    memory_gb: float | None  # 10⁹ bytes; None where nobody says
    gpus: int


class WorkerLost(Exception):
    """A worker ended without saying what became of its job; the argument says how it ended."""


class Worker(ABC):
    """A process somewhere, which performs one job after another."""

    name: str

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Give it a job; it has none so far."""

    @abstractmethod
    def result(self) -> tuple[Any, AtlasError | None]:
        """The value or the error of the job that ended. Raises WorkerLost."""

    @abstractmethod
    def stop(self) -> None:
        """End it, whatever it does."""


class Workers(ABC):
    """Where jobs run."""

    @abstractmethod
    def capacity(self) -> Capacity:
        """The most that one job can have here."""

    @abstractmethod
    def start(self, needs: Needs) -> Worker | None:
        """A new worker, or None while there is no room for one beside those that run."""

    @abstractmethod
    def ended(self, busy: Sequence[Worker], seconds: float) -> list[Worker]:
        """Those whose job ended or who are lost, as soon as there is one; none after a while."""

    @abstractmethod
    def close(self) -> None:
        """Give back what was taken to run workers at all."""
