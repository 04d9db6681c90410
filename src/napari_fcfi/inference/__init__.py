"""From clicks on a field of pixels to probabilities: windows, zoom-in, and the state of an object.

One way, no way back: `Field` (pixels) → `Window` (resampled) → network → `Patch` (probabilities).
Nothing here imports Qt or napari, and torch is loaded only with `Predictor` and `Interaction`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_fcfi._lazy import lazily

if TYPE_CHECKING:
    from .box import Box
    from .click import Click
    from .errors import InputError, TorchMissingError
    from .events import ClickGroup, Edit, Event, Start
    from .exact import Bits, Exact
    from .field import Field
    from .interaction import Interaction
    from .patch import Patch
    from .predictor import Predictor
    from .state import State
    from .thread import submit, thread_count
    from .window import Window

__all__ = [
    "Bits",
    "Box",
    "Click",
    "ClickGroup",
    "Edit",
    "Event",
    "Exact",
    "Field",
    "InputError",
    "Interaction",
    "Patch",
    "Predictor",
    "Start",
    "State",
    "TorchMissingError",
    "Window",
    "submit",
    "thread_count",
]

_HOMES = {
    name: f"{__name__}.{module}"
    for module, names in {
        "box": ("Box",),
        "click": ("Click",),
        "events": ("ClickGroup", "Edit", "Event", "Start"),
        "errors": ("InputError", "TorchMissingError"),
        "exact": ("Bits", "Exact"),
        "field": ("Field",),
        "interaction": ("Interaction",),
        "patch": ("Patch",),
        "predictor": ("Predictor",),
        "state": ("State",),
        "thread": ("submit", "thread_count"),
        "window": ("Window",),
    }.items()
    for name in names
}

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
