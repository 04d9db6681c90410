"""TensorBoard events, written at once by the caller's thread.

TensorBoard's own writer does it in a thread, whose failure (a full disk) nobody can catch.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from torch import Tensor
from torch.utils.tensorboard.summary import image as image_summary
from torch.utils.tensorboard.summary import scalar as scalar_summary


class EventFile:
    """One file of events in a folder; every method raises OSError where it cannot be written.

    Parameters
    ----------
    folder : Path
        Made if it is absent.
    first : int
        Step from which on earlier files' events no longer count.
    """

    def __init__(self, folder: Path, first: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns():020d}.{socket.gethostname()}.{os.getpid()}"
        self._file = (folder / name).open("wb", buffering=0)
        self._records = RecordWriter(self._file)
        self._write(Event(file_version="brain.Event:2"))
        self._write(Event(step=first, session_log=SessionLog(status=SessionLog.START)))

    def add_scalars(self, values: dict[str, float], step: int) -> None:
        """Add numbers by their names."""
        for name, value in values.items():
            self._add(scalar_summary(name, value), step)

    def add_image(self, name: str, image: Tensor, step: int) -> None:
        """Add a picture ``(3, H, W)`` uint8."""
        self._add(image_summary(name, image, dataformats="CHW"), step)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _add(self, summary: Summary, step: int) -> None:
        self._write(Event(step=step, summary=summary))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())
