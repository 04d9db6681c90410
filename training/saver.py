"""When a run is saved while it goes on: after its first step, then every so many seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .state import StateError

SAVE_EVERY_S = 240.0


@dataclass
class Saver:
    """Saves a piece of a run.

    Attributes
    ----------
    first
        Saves after the first step: whatever forbids it is told now, not after the first hours.
    again
        Saves later; what forbids it then is a warning, and it is tried again.
    every_s
        Seconds between two states.
    warn
        Says a sentence.
    """

    first: Callable[[], None]
    again: Callable[[], None]
    every_s: float
    warn: Callable[[str], None]
    _saved: float | None = None

    def after_step(self) -> None:
        """Save if it is time.

        Raises
        ------
        StateError
            When the state cannot be written after the first step.
        """
        if self._saved is None:
            self.first()
        elif time.monotonic() - self._saved <= self.every_s:
            return
        else:
            try:
                self.again()
            except StateError as error:
                self.warn(f"warning: {error}")
        self._saved = time.monotonic()
