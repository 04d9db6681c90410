"""What a person sees of a run while it goes on: a bar, and TensorBoard's curves and pictures."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from datetime import timedelta
from pathlib import Path

from tqdm import tqdm

from .event_file import EventFile
from .feedback_pictures import sheet
from .forward import Shown

SCALARS_EVERY = 20
PICTURES_EVERY = 500
"""Steps between two entries in TensorBoard."""
SPEED_OVER = 50
"""Steps over which the speed is taken."""
SMOOTHING = 0.02
BOUNDED, UNBOUNDED = "{n_fmt}/{total_fmt} steps |{bar:24}| {desc}", "{n_fmt} steps, {desc}"


class Journal:
    """Bar and events of one piece of a run.

    Parameters
    ----------
    folder : Path
        Of the events.
    step : int
        Where this piece begins.
    until : int, optional
        Where it ends at the latest.
    seconds : float
        Longest time of this piece.
    """

    def __init__(
        self, folder: Path, step: int, until: int | None = None, seconds: float = math.inf
    ) -> None:
        self._until = until
        self._began = time.monotonic()
        self._ends = self._began + seconds
        self._mean: dict[str, float] = {}
        self._points: deque[tuple[float, int, int]] = deque(maxlen=SPEED_OVER)
        live = sys.stderr.isatty()
        self._bar = tqdm(
            total=until,
            initial=step,
            bar_format=UNBOUNDED if until is None else BOUNDED,
            mininterval=0.5 if live else 30,  # a log file need not grow by two lines a second
        )
        self._events: EventFile | None = None
        try:
            self._events = EventFile(folder, step)
        except OSError as error:
            self._give_events_up(error)

    def say(self, sentence: str) -> None:
        """Print a line without disturbing the bar."""
        tqdm.write(sentence, file=sys.stderr)

    def note(
        self, step: int, samples: int, waited_s: float, logged: dict[str, float], last: Shown
    ) -> None:
        """Take note of a step.

        Parameters
        ----------
        step, samples : int
            Steps and samples (objects) that the run has taken so far.
        waited_s : float
            How long this piece has waited for data.
        logged : dict
            Numbers of this step, which are shown as moving averages.
        last : Shown
            Its last interaction.
        """
        for name, value in logged.items():
            if math.isfinite(value):
                mean = self._mean.get(name, value)
                self._mean[name] = mean + SMOOTHING * (value - mean)
        now = time.monotonic()
        self._points.append((now, step, samples))
        waiting = waited_s / max(now - self._began, 1e-9)
        rate, a_step = self._speed()
        left_s = min(
            self._ends - now, math.inf if self._until is None else (self._until - step) * a_step
        )
        parts = [
            f"{rate:.1f} samples/s",
            f"{waiting:.0%} waiting",
            f"loss {self._mean.get('loss/all', math.nan):.3f}",
        ]
        if "iou/round1" in self._mean:
            parts.append(f"IoU of 1st interaction {self._mean['iou/round1']:.3f}")
        if math.isfinite(left_s):
            parts.append(f"{timedelta(seconds=max(0, round(left_s)))} left")
        self._bar.set_description_str(", ".join(parts), refresh=False)
        self._bar.update()
        try:
            self._write(step, {"speed/samples a second": rate, "speed/waiting": waiting}, last)
        except OSError as error:
            self._give_events_up(error)

    def close(self) -> None:
        """End bar and file."""
        self._bar.close()
        if self._events is not None:
            self._events.close()

    def _speed(self) -> tuple[float, float]:
        """Samples a second, and seconds a step, of late; 0 while that is unknown."""
        (first, first_step, first_samples), (last, step, samples) = (
            self._points[0],
            self._points[-1],
        )
        if step == first_step:
            return 0.0, 0.0
        return (samples - first_samples) / (last - first), (last - first) / (step - first_step)

    def _write(self, step: int, speeds: dict[str, float], last: Shown) -> None:
        if self._events is None:
            return
        if step % SCALARS_EVERY == 0:
            self._events.add_scalars(self._mean | speeds, step)
        if step % PICTURES_EVERY == 0:
            self._events.add_image("last interaction", sheet(last), step)

    def _give_events_up(self, error: OSError) -> None:
        if self._events is not None:
            self._events.close()
        self._events = None
        self.say(
            f"warning: Expected to write TensorBoard's events; got {error.strerror!r}: the run "
            "goes on without them."
        )
