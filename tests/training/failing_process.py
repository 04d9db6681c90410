"""Not a test: `training.train` in a process that meets something after its third picture.

Usage: failing_process.py WHAT RECIPE ...; WHAT is ``picture`` (the second process cannot read one),
``disk`` (the first one has no room for its state from the beginning) or ``both``.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Any

from training import command
from training.data.files import DataError
from training.data.pictures import Picture
from training.data.source import PictureSource, open_source

LAST = 3
FIRST = int(os.environ.get("RANK", "0")) == 0
ALONE = int(os.environ.get("WORLD_SIZE", "1")) == 1


class Failing:
    """A source whose pictures cannot be read any more after some."""

    def __init__(self, whole: PictureSource, what: str) -> None:
        self.whole = whole
        self.what = what
        self.weights = whole.weights
        self.left = LAST + len(whole)  # each is looked at once to know it again

    def __len__(self) -> int:
        return len(self.whole)

    def __getitem__(self, index: int) -> Picture:
        self.left -= 1
        if self.left < 0 and self.what == "both" and FIRST:
            full()
        if self.left < 0 and self.what != "disk" and (ALONE or not FIRST):
            raise DataError("expected a picture, could not read lost.png; replace that file.")
        return self.whole[index]


def full() -> None:
    """Let the disk be full, as far as this process is concerned."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))


def main() -> None:
    what = sys.argv.pop(1)
    if what == "disk" and FIRST:
        full()

    def opened(*arguments: Any, **named: Any) -> Failing:
        return Failing(open_source(*arguments, **named), what)

    command.open_source = opened
    command.main()


if __name__ == "__main__":
    main()
