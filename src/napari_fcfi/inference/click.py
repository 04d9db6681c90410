"""One click of a person: where, and whether it says "object" or "not the object"."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .box import Box
from .errors import InputError


@dataclass(frozen=True)
class Click:
    """Position and sign of one click.

    Attributes
    ----------
    y, x : float
        Pixels of the field; a pixel's centre is an integer.
    foreground : bool
        Whether the object is here, or is not.

    Raises
    ------
    ValueError
        When a coordinate is not finite.
    """

    y: float
    x: float
    foreground: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.y) and math.isfinite(self.x)):
            raise InputError(
                f"A click needs finite coordinates, but y={self.y}, x={self.x} came; "
                "click on a pixel of the image."
            )
        # numpy's scalars would make equal clicks look different in a record
        object.__setattr__(self, "y", float(self.y))
        object.__setattr__(self, "x", float(self.x))
        object.__setattr__(self, "foreground", bool(self.foreground))


def box_of(clicks: Iterable[Click]) -> Box:
    """The smallest box of pixels that holds all clicks; empty without any."""
    box = Box(0, 0, 0, 0)
    for click in clicks:
        box = box.union(Box.around(click.y, click.x, 1, 1))
    return box
