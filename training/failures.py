"""What a person is told in one sentence, and told once, whichever of many processes met it.

A process that left alone would leave the others waiting for it, who then end in traces of their
own. So whatever one of them meets all of them raise, at the same place, and one of them says it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from lightning_fabric import Fabric

from napari_fcfi.checkpoints import CheckpointError

from .cores import local_place
from .data.files import DataError
from .evaluation.errors import UserError
from .launch import over_processes
from .state import StateError

PATIENCE_S = 10.0
"""How long the other processes of a machine leave the first one to speak."""


class Ended(Exception):  # noqa: N818 - no error, but all processes end as they do after one
    """A process wants to end here."""


TOLD = (UserError, DataError, StateError, CheckpointError)
"""Errors whose message is a sentence for the person; all others are mistakes of the program."""


@contextmanager
def together(fabric: Fabric) -> Iterator[None]:
    """What ends one process here ends all: each raises what the first of them raised.

    All processes must come here. What is none of `TOLD` or `Ended` ends its own process only.
    """
    failure: Exception | None = None
    try:
        yield
    except (*TOLD, Ended) as error:
        failure = error
    failure = _of_the_first(fabric, failure)
    if failure is not None:
        raise failure


def _of_the_first(fabric: Fabric, failure: Exception | None) -> Exception | None:
    """The failure of the first process that has one, in all of them."""
    world = fabric.world_size
    if world == 1:
        return failure
    own = world if failure is None else fabric.global_rank
    first = int(over_processes(fabric, [float(own)], "min")[0])
    return None if first == world else fabric.broadcast(failure, src=first)


def leave(error: object) -> NoReturn:
    """Exit with a sentence, which the first process of each machine says for all.

    Where one process has ended, its launcher ends the others of that machine. They wait for that;
    one that nobody ends was alone with its error, and says it itself.
    """
    if local_place()[0] > 0:
        time.sleep(PATIENCE_S)
    notes = getattr(error, "__notes__", [])
    print("\n".join([f"error: {error}", *notes]), file=sys.stderr, flush=True)
    sys.exit(1)
