"""Click on an object and get its mask; each further click corrects it (FCFI, CVPR 2023).

>>> import napari_fcfi as fcfi
>>> model = fcfi.load_model("fcfi-lite")  # doctest: +SKIP
>>> interaction = fcfi.Interaction(model, image)  # doctest: +SKIP
>>> mask = interaction.click(y=120, x=88)  # doctest: +SKIP

Importing this package loads neither torch nor napari nor Qt; its names are loaded at first use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._lazy import lazily

if TYPE_CHECKING:
    from .checkpoints import CheckpointError, Model, available_models, load_model
    from .inference import Box, Click, Field, Interaction, Patch, Predictor, State, submit
    from .settings import Settings

__all__ = [
    "Box",
    "CheckpointError",
    "Click",
    "Field",
    "Interaction",
    "Model",
    "Patch",
    "Predictor",
    "Settings",
    "State",
    "available_models",
    "load_model",
    "submit",
]

_HOMES = dict.fromkeys(__all__, "napari_fcfi.inference") | {
    "CheckpointError": "napari_fcfi.checkpoints",
    "Model": "napari_fcfi.checkpoints",
    "Settings": "napari_fcfi.settings",
    "available_models": "napari_fcfi.checkpoints",
    "load_model": "napari_fcfi.checkpoints",
}

# Waiting threads sleep instead of spinning, so that a click stays quick on a busy machine and the
# window stays alive; torch's OpenMP reads it once, when it is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
