"""A process's place among those that a launcher started on its machine, and its cores there."""

from __future__ import annotations

import os


def local_place() -> tuple[int, int]:
    """Rank and number of this machine's processes of one run.

    ``torchrun`` and ``fabric run`` tell each process its place in its environment; one that nobody
    launched is alone.
    """
    return int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def own_cores() -> list[int]:
    """Cores of this process: its share of those it may run on, or all where these are too few."""
    if hasattr(os, "sched_getaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
    else:
        allowed = list(range(os.cpu_count() or 1))
    rank, world = local_place()
    return allowed[rank::world] or allowed
