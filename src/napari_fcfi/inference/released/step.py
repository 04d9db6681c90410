"""From a state and new clicks to the next state, as released."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from napari_fcfi.inference.box import Box
from napari_fcfi.inference.errors import InputError
from napari_fcfi.inference.events import ClickGroup
from napari_fcfi.inference.field import Field
from napari_fcfi.inference.passes import Question
from napari_fcfi.inference.patch import MOST_SAMPLES, Patch
from napari_fcfi.inference.promise import focus_box
from napari_fcfi.inference.state import State
from napari_fcfi.inference.storing import painted

from .geometry import out_of
from .options import ReleasedOptions
from .passes import answer
from .zoom import next_look

if TYPE_CHECKING:
    from napari_fcfi.checkpoints import Model


def after_clicks(
    model: Model, field: Field, state: State, group: ClickGroup, options: ReleasedOptions
) -> State:
    """The state after clicks that were taken together; they are its last event already.

    Notes
    -----
    Brush strokes, which the released programs do not know, lie over the answer as in the clean
    protocol. There is no promise at a click, no search for the object's scale, and a window never
    grows.

    Raises
    ------
    ValueError
        When the field is too large to be shown to the network at its own size.
    """
    _check_size(field)
    settings = state.settings
    limits = field.limits if state.limits is None else state.limits
    asked = Question(state.clicks, group.clicks, state.patch, settings.expansion_ratio)
    look = next_look(state, field.box, options)
    said = answer(model, field, limits, look.shown, asked, options, flip=settings.flip)

    target = field.box if look.zoom is None else look.zoom.box
    before = state if not options.clears_outside else replace(state, patch=None, zoom_patch=None)
    patch = _written(before.patch, target, said.probabilities)
    zoom_patch = patch
    if options.window_follows_feedback:
        zoom_patch = _written(before.zoom_patch, target, said.updated_feedback)

    exact = state.exact.after_answer(field.box if options.clears_outside else target)
    for click in group.clicks:
        near = focus_box(click, look.shown, settings.expansion_ratio)
        exact = exact.after_click(click.foreground, near)
    return replace(
        state,
        patch=patch if exact.drawn.box.area == 0 else painted(patch, exact.drawn),
        exact=exact,
        zoom=look.zoom,
        zoom_patch=zoom_patch,
        limits=limits,
        window=target.union(state.extent),
        quality=said.quality,
    )


def _written(base: Patch | None, box: Box, map_of_input: Tensor) -> Patch:
    """A map of the network's input in its box of the field, over what was there if it stays."""
    values = out_of(box, map_of_input)
    if base is None:
        return Patch.from_floats(values, box)
    floats = Patch.from_floats(base.probabilities(base.box), base.box)
    return floats.pasted(box, values)


def _check_size(field: Field) -> None:
    if field.box.area > MOST_SAMPLES:
        height, width = field.shape
        raise InputError(
            f"The released protocol shows the network the whole image at its own size, for which "
            f"at most {MOST_SAMPLES} pixels were expected, but {height} × {width} came; set the "
            "protocol to clean, or cut the image."
        )
