"""Loading torch and a model without the GUI thread waiting for either."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Qt, Signal

from napari_fcfi.inference.errors import TorchMissingError, in_one_line
from napari_fcfi.plugin.runner import Submit, submit_to_inference

if TYPE_CHECKING:
    from napari_fcfi.inference import Predictor

DEFAULT_MODEL = "fcfi-lite"
DEFAULT_DEVICE = "auto"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """Which model is wanted, on which device; `number` tells requests apart."""

    name: str = DEFAULT_MODEL
    device: str = DEFAULT_DEVICE
    number: int = 0


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to predict, and what else the machine has.

    Attributes
    ----------
    predictor : with the model
    names : models that can be loaded by name
    devices : `auto` and the devices of this machine, best first
    failed_gpu : the GPU that `auto` would have taken, and why it did not work; None: it did, or
        there is none
    """

    request: Request
    predictor: Predictor
    names: tuple[str, ...]
    devices: tuple[str, ...]
    failed_gpu: tuple[str, str] | None = None


Load = Callable[[Request], Loaded]


def load(request: Request) -> Loaded:
    """Load a model and make one prediction with it, so that the first click does not pay for it.

    Takes seconds: for the prediction thread, where torch is loaded. Where `auto` takes a GPU that
    does not work, the model is loaded on the processor instead.

    Raises
    ------
    CheckpointError
        With one sentence, when there is no such model or device, or the file is broken.
    """
    from napari_fcfi.checkpoints import CheckpointError, available_models

    failed_gpu = None
    try:
        predictor = warm_predictor(request.name, request.device)
    except CheckpointError:
        raise
    except Exception as problem:  # whatever a driver may raise
        gpu = gpu_of(request.device)
        if gpu is None:
            raise
        logger.warning("The GPU “%s” failed", gpu, exc_info=True)
        failed_gpu = gpu, in_one_line(problem)
    if failed_gpu is not None:
        # Only now: while the error is at hand, its traceback keeps the GPU's memory in use.
        predictor = warm_predictor(request.name, "cpu")
    return Loaded(request, predictor, tuple(available_models()), devices(), failed_gpu)


def warm_predictor(name: str, device: str) -> Predictor:
    """A predictor that has made a prediction already."""
    from napari_fcfi.checkpoints import load_model
    from napari_fcfi.inference import Predictor

    predictor = Predictor(load_model(name, device))
    warm_up(predictor)
    return predictor


def gpu_of(device: str) -> str | None:
    """The GPU that `auto` stands for; None where it is the processor, or a device was named."""
    from napari_fcfi.checkpoints.load import choose_device

    chosen = choose_device(device).type
    return chosen if device == DEFAULT_DEVICE and chosen != "cpu" else None


def warm_up(predictor: Predictor, side: int = 64) -> None:
    """One prediction on an empty picture."""
    from napari_fcfi.inference import Click, Field

    field = Field.from_array(np.zeros((side, side), np.uint8))
    predictor(field, predictor.initial(), (Click(side / 2, side / 2),))


def devices() -> tuple[str, ...]:
    """`auto`, then the devices that torch finds, best first."""
    import torch

    cuda = ("cuda",) if torch.cuda.is_available() else ()
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return ("auto", *cuda, *mps, "cpu")


class ModelLoader(QObject):  # type: ignore[misc]
    """Loads models in the prediction thread; the newest request wins."""

    loaded = Signal(object)
    failed = Signal(str)
    _ended = Signal(object, object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        load: Load = load,
        submit: Submit = submit_to_inference,
    ) -> None:
        super().__init__(parent)
        self._load, self._submit = load, submit
        self._newest = Request()
        self._ended.connect(self._receive, Qt.ConnectionType.QueuedConnection)
        self.busy = False

    def request(self, name: str, device: str) -> None:
        """Start to load; `loaded` or `failed` follows in the GUI thread."""
        request = Request(name, device, self._newest.number + 1)
        future = self._submit(self._load, request)
        self._newest, self.busy = request, True
        future.add_done_callback(lambda ended: self._announce(request, ended))

    def _announce(self, request: Request, future: Future[Loaded]) -> None:
        # In the prediction thread. The viewer may be closed by now, its objects deleted.
        with suppress(RuntimeError):
            self._ended.emit(request, future)

    def _receive(self, request: Request, future: Future[Loaded]) -> None:
        if request != self._newest:
            return
        self.busy = False
        problem = future.exception()
        if problem is None:
            self.loaded.emit(future.result())
            return
        if not _is_expected(problem):
            logger.error("The model “%s” did not load", request.name, exc_info=problem)
        self.failed.emit(one_sentence(problem))


def one_sentence(problem: BaseException) -> str:
    """What went wrong, for the user; the traceback of what nobody expected goes to the log."""
    if _is_expected(problem) or isinstance(problem, TorchMissingError):
        return str(problem)
    return f"The model could not be loaded ({in_one_line(problem)}): choose another one."


def _is_expected(problem: BaseException) -> bool:
    """Whether an error is one of a file, model or device that the user chose: a sentence."""
    # Not imported here, in the GUI thread: where nothing imported it, it raised nothing, and torch,
    # which comes with it, may be what is broken.
    files = sys.modules.get("napari_fcfi.checkpoints.files")
    return files is not None and isinstance(problem, files.CheckpointError)
