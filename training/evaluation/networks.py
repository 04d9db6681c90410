"""Networks as methods: interactions with a checkpoint, in either protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from napari_fcfi.inference.released.options import ReleasedOptions, released_options
from napari_fcfi.settings import Settings
from training.evaluation.courses import Clicker, Mask, Method
from training.evaluation.errors import UserError

if TYPE_CHECKING:
    from napari_fcfi import Interaction
    from napari_fcfi.checkpoints import Model

FirstClick = Literal["search", "whole-field"]

IN_PREDICTION = tuple(field.name for field in fields(ReleasedOptions))
"""Differences of the released protocol that lie in the prediction."""


class WholeFieldFirst:
    """An interaction whose first click has the whole field as its window, without a search.

    Parameters
    ----------
    interaction
        With settings in which zoom-in is off.
    settings
        The settings of all later clicks.
    """

    def __init__(self, interaction: Interaction, settings: Settings) -> None:
        self._interaction = interaction
        self._later = settings

    def click(self, y: float, x: float, foreground: bool = True) -> Mask:
        """Mask ``(H, W)`` after one more click."""
        mask = self._interaction.click(y, x, foreground)
        self._interaction.settings = self._later
        return mask

    def start_from(self, mask: Mask) -> None:
        """Go on from a mask, around which the first click has its window already."""
        self._interaction.start_from(mask)
        self._interaction.settings = self._later


@lru_cache(maxsize=1)
def loaded(checkpoint: str, device: str) -> Model:
    """The model of a name or file; the last one is kept.

    Raises
    ------
    UserError
        When it cannot be loaded.
    """
    from napari_fcfi import CheckpointError, load_model

    try:
        return load_model(checkpoint, device=device)
    except CheckpointError as error:
        raise UserError(str(error)) from error


def loaded_as(checkpoint: str, device: str, sha256: str) -> Model:
    """The model of a name or file whose hash was taken before.

    Raises
    ------
    UserError
        When it cannot be loaded, or is another one now.
    """
    model = loaded(checkpoint, device)
    if model.sha256 != sha256:
        raise UserError(
            f"Expected the checkpoint with the hash {sha256[:12]}, got {checkpoint} with "
            f"{model.sha256[:12]}; evaluate anew, or put the old file back."
        )
    return model


def identity_of(
    model: Model,
    checkpoint: str,
    settings: Settings,
    first_click: FirstClick,
) -> dict[str, Any]:
    """What identifies a network's way of answering in the results.

    Parameters
    ----------
    model, checkpoint
        A model, and the name or file that it was loaded by.
    settings, first_click
        How it answers.
    """
    from napari_fcfi.inference import thread_count

    path = Path(checkpoint).expanduser()
    return {
        "checkpoint": model.name,
        "loaded_from": str(path.resolve()) if path.is_file() else checkpoint,
        "sha256": model.sha256,
        "architecture": model.network.architecture.model_dump(),
        "trained_on": list(model.card.data),
        "trained_with_r": model.card.expansion_ratio,
        "device": str(model.device),
        "threads": thread_count(),
        "settings": settings.model_dump(),
        "first_click": first_click if searches(model, settings) else "whole-field",
    }


def searches(model: Model, settings: Settings) -> bool:
    """Whether a model looks for an object's scale at the first click, if it is let."""
    return settings.protocol == "clean" and settings.zoom_in and bool(model.network.tells_quality)


def network_method(
    model: Model, settings: Settings, first_click: FirstClick, mended: Sequence[str] = ()
) -> Method:
    """Interactions with a model.

    Parameters
    ----------
    model, settings
        What answers, and how.
    first_click
        Of the clean protocol; the released one always begins with the whole field.
    mended
        Differences of the released protocol that are taken back, `IN_PREDICTION`.
    """
    from napari_fcfi import Interaction
    from napari_fcfi.inference import Predictor

    whole = settings.model_copy(update={"zoom_in": False})

    def searching(image: NDArray[Any]) -> Clicker:
        return Interaction(model, image, settings=settings)

    def whole_field(image: NDArray[Any]) -> Clicker:
        return WholeFieldFirst(Interaction(model, image, settings=whole), settings)

    def released(image: NDArray[Any]) -> Clicker:
        interaction = Interaction(model, settings=settings)
        options = released_options(model.network).mended(mended)
        interaction.predictor = Predictor(model, settings, released=options)
        interaction.set_image(image)
        return interaction

    if settings.protocol == "released":
        return released
    whole_first = first_click == "whole-field" and searches(model, settings)
    return whole_field if whole_first else searching
