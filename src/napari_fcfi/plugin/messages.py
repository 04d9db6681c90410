"""One clear sentence for the user: what was expected, what came, what to do."""

from __future__ import annotations

from enum import StrEnum

from napari.utils.notifications import show_error, show_warning

from napari_fcfi.inference import InputError
from napari_fcfi.inference.errors import is_memory_short


class Say(StrEnum):
    """Sentences of the panel; `{}` is filled in with what came."""

    NO_IMAGE = "A click needs an image: open one and choose it in the panel."
    NO_MODEL = (
        "A click needs a model, and none could be loaded: choose another model or device in the "
        "panel."
    )
    EMPTY_IMAGE = "The image “{}” has no pixels: choose another one."
    OUTSIDE = "The click is outside the image “{}”: click inside it."
    THREE_D = "Clicks work on the plane in view: switch the viewer from 3D back to 2D."
    TAKEN_BACK = (
        "{} without an answer yet: taken back with the change of image or labels; click again."
    )
    OTHER_AXES = "The object lies on a plane across the one in view: roll the view back to it."
    NOT_IN_VIEW = "The plane in view is not one of the image “{}”: move the sliders back to it."
    IMAGE_GONE = (
        "Object {} can be changed only on the image that it was begun on, which was removed: "
        "begin another object."
    )
    OTHER_SHAPE = (
        "The labels layer “{}” has the shape {}, the image has {}: "
        "choose another labels layer or “new layer”."
    )
    NOT_EDITABLE = "The labels layer “{}” cannot be edited: choose another one or “new layer”."
    TOO_NARROW = (
        "The labels layer “{}” is stored as {}, which does not hold the label {}: "
        "choose another one or “new layer”."
    )
    NOT_WRITTEN = (
        "The labels layer “{}” could not be read or written ({}): choose another one or "
        "“new layer”."
    )
    NO_ROOM = "A labels layer of the shape {} does not fit into memory: choose a smaller image."
    FAILED = "The prediction failed ({}); your clicks were taken back: click again."
    GPU_FAILED = "The GPU “{}” failed ({}), so the model runs on the processor: {}."
    OUT_OF_MEMORY = (
        "There is not enough memory for this prediction; the click was taken back: close other "
        "programs or choose a smaller window size."
    )
    OUT_OF_GPU_MEMORY = (
        "The GPU has not enough memory for this prediction; the click was taken back: choose the "
        "device “cpu” or a smaller window size."
    )


GPU_ALLOCATORS_SAY = "out of memory"


class RefusedError(Exception):
    """Something cannot be done; its text is one sentence for the user."""


class FailedError(RefusedError):
    """Something could have been done, and went wrong."""


def sentence(say: Say, *values: object) -> str:
    """The sentence with its gaps filled."""
    return say.value.format(*values)


def failure_in_words(problem: BaseException, device: str) -> str:
    """One sentence for what made a prediction fail on a device."""
    if isinstance(problem, InputError):  # a sentence already
        return str(problem)
    short_of_memory = _memory_problem(problem, device)
    if short_of_memory is not None:
        return sentence(short_of_memory)
    return sentence(Say.FAILED, f"{type(problem).__name__}: {problem}")


def _memory_problem(problem: BaseException, device: str) -> Say | None:
    """What to say where memory was short, of a model on this device; None where it was not."""
    if not is_memory_short(problem):
        return None
    # numpy's own kind is the computer's memory, whatever the device
    is_gpus = GPU_ALLOCATORS_SAY in str(problem) and not isinstance(problem, MemoryError)
    return Say.OUT_OF_GPU_MEMORY if device != "cpu" and is_gpus else Say.OUT_OF_MEMORY


def clicks_in_words(count: int) -> str:
    """How many clicks there are, as the status line says it."""
    return "1 click" if count == 1 else f"{count} clicks"


def warn(text: str) -> None:
    """Show as napari's warning what cannot be done."""
    show_warning(text)


def complain(text: str) -> None:
    """Show as napari's error what went wrong."""
    show_error(text)
