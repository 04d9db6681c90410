"""Ctrl+C and SIGTERM: before training, once in it, and twice in it.

Without torch and all else that takes seconds to load, so that it can be there before that.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .cores import local_place

ENDED = b"\nstopped; the same command begins again, or goes on from what is saved.\n"
ENDING = b"\nstopping after this step; once more stops at once, without the steps not yet saved.\n"


def end_at_once() -> None:
    """From now on Ctrl+C ends the process with one sentence, whatever it is doing."""
    signal.signal(signal.SIGINT, _end)


def _end(_kind: int, _frame: FrameType | None) -> None:
    os.write(2, ENDED)  # a stream may be in use where the signal came
    os._exit(128 + signal.SIGINT)


@contextmanager
def gently(stop: Callable[[], None]) -> Iterator[None]:
    """While this lasts, Ctrl+C or SIGTERM call ``stop``; a second one ends the process at once."""

    def first(_kind: int, _frame: FrameType | None) -> None:
        for kind in kinds:  # the system's own way works in the midst of a long computation, too
            signal.signal(kind, signal.SIG_DFL)
        if local_place()[0] == 0:
            os.write(2, ENDING)
        stop()

    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, first) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
