"""Window sizes that the authors tuned for each benchmark and backbone: the one place for them.

An evaluation of the released protocol has them from here; nothing else is tuned to a data set.
Sources: the evaluation scripts of FCFI; the README and evaluation script of RITM.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["fcfi-hrnet", "fcfi-resnet", "ritm"]


class TunedWindow(NamedTuple):
    """Longer side of the network's input in pixels, and the margin around mask and clicks."""

    zoom_size: int
    zoom_margin: float


TUNED: dict[tuple[Kind, str], TunedWindow] = {
    ("fcfi-hrnet", "grabcut"): TunedWindow(700, 3.0),
    ("fcfi-hrnet", "berkeley"): TunedWindow(720, 2.8),
    ("fcfi-hrnet", "davis"): TunedWindow(720, 3.5),
    ("fcfi-hrnet", "sbd"): TunedWindow(480, 2.3),
    ("fcfi-resnet", "grabcut"): TunedWindow(600, 3.2),
    ("fcfi-resnet", "berkeley"): TunedWindow(720, 2.5),
    ("fcfi-resnet", "davis"): TunedWindow(640, 3.0),
    ("fcfi-resnet", "sbd"): TunedWindow(480, 2.3),
    ("ritm", "davis"): TunedWindow(600, 1.4),
}


def tuned_window(architecture: str, dataset: str) -> TunedWindow | None:
    """The window tuned for an architecture and a data set; None where the general one is used.

    Parameters
    ----------
    architecture, dataset : str
        Their names, as ``"fcfi-hrnet18s"`` and ``"GrabCut"``.
    """
    for kind in ("fcfi-hrnet", "fcfi-resnet", "ritm"):
        if architecture.startswith(kind):
            return TUNED.get((kind, dataset.lower()))
    return None
