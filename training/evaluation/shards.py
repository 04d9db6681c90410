"""The share of one process in an evaluation that a launcher started several times.

``torchrun`` and ``fabric run`` tell each process its rank and their number in its environment, on
one machine or many; a process that nobody launched is alone. Objects are dealt out by their
number, so no process need know what another one does until the end, when the first one gathers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from training.cores import local_place, own_cores

T = TypeVar("T")

PATIENCE = timedelta(days=30)
"""How long the first process waits for the slowest one."""


@dataclass(frozen=True)
class Shard:
    """One of several processes.

    Attributes
    ----------
    rank
        Number of this process, from 0; the first one gathers and writes.
    world
        Number of processes.
    local_rank, local_world
        The same among those of this machine.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process gathers and writes."""
        return self.rank == 0

    def owns(self, number: int) -> bool:
        """Whether the object of that number is this process's."""
        return number % self.world == self.rank

    def device(self, asked: str) -> str:
        """The device of this process: GPUs are dealt out among those of a machine."""
        if self.local_world == 1 or asked not in {"auto", "cuda"}:
            return asked
        import torch

        count = torch.cuda.device_count()
        return f"cuda:{self.local_rank % count}" if count else asked

    def gathered(self, part: T) -> list[T]:
        """The parts of all processes in the order of their ranks; empty in all but the first."""
        parts = self._of_all(part)
        return parts if self.is_first else []

    def agree(self, problem: str) -> None:
        """Go on if no process has a problem; else end them all, each problem being said once.

        Parameters
        ----------
        problem
            In a sentence; empty where there is none. All processes call this at the same place.
        """
        problems = self._of_all(problem)
        if not any(problems):
            return
        if problem and problems.index(problem) == self.rank:
            print(problem, file=sys.stderr, flush=True)
        self._of_all("")  # a launcher ends all processes once one has left: not before all is said
        sys.exit(1)

    def _of_all(self, part: T) -> list[T]:
        """What each process has, in the order of their ranks.

        A process that is left by another one leaves as well, without a word: the other has said
        why.
        """
        if self.world == 1:
            return [part]
        from torch import distributed

        parts: list[T] = [part] * self.world
        try:
            distributed.all_gather_object(parts, part)
        except RuntimeError:
            sys.exit(1)
        return parts


@contextmanager
def shard_of_this_process() -> Iterator[Shard]:
    """The share of the process that calls, connected with the others while the context lasts."""
    given = os.environ
    shard = Shard(
        int(given.get("RANK", 0)),
        int(given.get("WORLD_SIZE", 1)),
        *local_place(),
    )
    if shard.world == 1:
        yield shard
        return
    from torch import distributed

    _take_own_cores()
    distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield shard
    finally:
        distributed.destroy_process_group()


def _take_own_cores() -> None:
    """Leave the other processes of the machine their cores, where the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        return
    os.sched_setaffinity(0, own_cores())
