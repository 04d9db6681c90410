"""One job at a time in the prediction thread, its result in the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

Submit = Callable[..., "Future[Any]"]


def submit_to_inference(function: Callable[..., Any], *args: Any) -> Future[Any]:
    """Run a function in the prediction thread; torch is loaded by the first call.

    What cannot even begin is a future that has failed, so that nobody waits for it.
    """
    from napari_fcfi.inference import submit

    try:
        return submit(function, *args)
    except Exception as problem:
        failed: Future[Any] = Future()
        failed.set_exception(problem)
        return failed


class Runner(QObject):  # type: ignore[misc]
    """Runs at most one job; a result that nobody waits for any more is dropped."""

    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None, submit: Submit = submit_to_inference) -> None:
        super().__init__(parent)
        self._submit = submit
        self._awaited: Future[Any] | None = None
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[BaseException], None] | None = None
        # Queued, so that an answer never arrives inside the call that asked for it.
        self._arrived.connect(self._receive, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether a result is awaited."""
        return self._awaited is not None

    def start(
        self,
        function: Callable[..., Any],
        *args: Any,
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Run a function; exactly one of `done` and `failed` follows, unless it is dropped.

        Raises
        ------
        RuntimeError
            While another job runs.
        """
        if self.busy:
            raise RuntimeError("One job at a time: wait for the running one, or drop it.")
        future = self._submit(function, *args)
        self._awaited, self._done, self._failed = future, done, failed
        future.add_done_callback(self._announce)

    def drop(self) -> None:
        """Do not wait any longer: what the running job gives is thrown away."""
        if self._awaited is not None:
            self._awaited.cancel()
        self._awaited = self._done = self._failed = None

    def _announce(self, future: Future[Any]) -> None:
        # In the prediction thread. The viewer may be closed by now, its objects deleted.
        with suppress(RuntimeError):
            self._arrived.emit(future)

    def _receive(self, future: Future[Any]) -> None:
        if future is not self._awaited or self._done is None or self._failed is None:
            return
        done, failed = self._done, self._failed
        self._awaited = self._done = self._failed = None
        problem = future.exception()
        if problem is None:
            done(future.result())
        else:
            failed(problem)
