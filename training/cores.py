"""Which cores are a process's own, beside those that a launcher started with it on the machine."""

from __future__ import annotations

import os


def own_cores() -> list[int]:
    """Cores of this process: its share of those it may run on, or all where these are too few.

    ``torchrun`` and ``fabric run`` tell each process its place in its environment; one that nobody
    launched is alone.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
    else:
        allowed = list(range(os.cpu_count() or 1))
    rank = int(os.environ.get("LOCAL_RANK", 0))
    world = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    return allowed[rank::world] or allowed
