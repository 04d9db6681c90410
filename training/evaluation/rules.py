"""The rules of an evaluation: one value for each protocol, one field for each of their differences.

Each field of `RELEASED` can be exchanged for that of `CLEAN` alone, so that its cost can be
measured; docs/protocols.md describes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from napari_fcfi.settings import Protocol
from training.evaluation import metrics, released_metrics
from training.evaluation.robot_user import RobotClick, next_click, released_click


@dataclass(frozen=True)
class Rules:
    """How objects are clicked on, measured and counted.

    Attributes
    ----------
    next_click
        The robot user; None from it ends an object's course.
    iou, biou, assd
        Measures of a mask: ``(mask, object_mask, ignore)`` to a number.
    nof
        Number of objects that fail: ``(ious, threshold, max_clicks, start)``.
    times_everything
        Seconds a click include reading the files, the robot user and the measures.
    tunes_windows
        Each data set has a window size and margin of its own.
    """

    next_click: Callable[..., RobotClick | None] = next_click
    iou: Callable[..., float] = metrics.iou
    biou: Callable[..., float] = metrics.biou
    assd: Callable[..., float] = metrics.assd
    nof: Callable[..., int] = metrics.nof
    times_everything: bool = False
    tunes_windows: bool = False

    def mended(self, names: Iterable[str]) -> Rules:
        """The rules with these fields as in the clean protocol; unknown names are left alone."""
        clean = {field.name: getattr(CLEAN, field.name) for field in fields(self)}
        changes: dict[str, Any] = {name: clean[name] for name in names if name in clean}
        return replace(self, **changes)


CLEAN = Rules()
RELEASED = Rules(
    next_click=released_click,
    iou=released_metrics.iou,
    biou=released_metrics.biou,
    assd=released_metrics.assd,
    nof=released_metrics.nof,
    times_everything=True,
    tunes_windows=True,
)

RULES: dict[Protocol, Rules] = {"clean": CLEAN, "released": RELEASED}
DIFFERENCES = tuple(field.name for field in fields(Rules))
