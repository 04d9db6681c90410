"""The one long-lived thread in which predictions run.

torch keeps its number of threads for each thread that calls it, so a pool's workers would ignore
what another one has set; this thread sets its own before anything else.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from .errors import TorchMissingError, in_one_line

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_here = threading.local()


def thread_count() -> int:
    """Threads that a prediction uses: all cores but one, at least two if there are two.

    ``OMP_NUM_THREADS`` asks for fewer, as it does of any other program that uses torch.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    most = int(asked) if asked.isdecimal() and int(asked) else cores
    return min(cores, max(2, cores - 1), most)


def submit(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Future[Result]:
    """Run a function in the prediction thread, after all that was submitted before.

    From within that thread it runs at once, so that one prediction may use another. Where torch
    cannot be loaded, every future has the `TorchMissingError` that says why.
    """
    if getattr(_here, "is_prediction_thread", False):
        done: Future[Result] = Future()
        try:
            done.set_result(function(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done
    return _executor.submit(_run, partial(function, *args, **kwargs))


def _run(function: Callable[[], Result]) -> Result:
    # Not the pool's initializer: a pool whose initializer failed is broken, and does not say why.
    if not getattr(_here, "is_prediction_thread", False):
        _begin()
    return function()


def _begin() -> None:
    # A second import of what is half there says something else: the first cause counts.
    problem: Exception | None = getattr(_here, "problem", None)
    if problem is None:
        try:
            import torch

            torch.set_num_threads(thread_count())
            _here.is_prediction_thread = True
        except Exception as error:  # libraries that are missing or damaged raise other kinds too
            problem = _here.problem = error
    if problem is not None:
        raise TorchMissingError(
            f"torch could not be loaded ({in_one_line(problem)}): install it as the README says, "
            "then start again."
        ) from problem


def _new_executor() -> ThreadPoolExecutor:
    # the thread itself begins with the first function that is submitted
    return ThreadPoolExecutor(1, thread_name_prefix="napari-fcfi")


_executor = _new_executor()


def _begin_anew() -> None:
    """Give a forked process an executor of its own: of its parent's it has no thread."""
    global _executor
    _executor = _new_executor()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
