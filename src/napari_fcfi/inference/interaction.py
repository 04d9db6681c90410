"""One object in one image: its states, and a cursor that undo and redo move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Settings

from .box import Box
from .click import Click
from .contrast import ArrayLike
from .errors import InputError
from .field import Field
from .patch import Patch
from .predictor import Predictor
from .state import State
from .thread import submit

if TYPE_CHECKING:
    from napari_fcfi.checkpoints import Model

LARGEST_FULL_MASK_PX = 2**28


class Interaction:
    """Click on an object, see its mask, correct it.

    Parameters
    ----------
    model : Model
        Of `napari_fcfi.load_model`.
    image : array-like or Field, optional
        ``(H, W)`` or ``(H, W, 3 | 4)``, any numeric type or bool; may come later by `set_image`.
    settings : Settings, optional
        Of the first clicks; a change of `settings` counts from the next click on, one of its
        ``contrast`` from the next `set_image` on.

    Notes
    -----
    Predictions run in the one prediction thread, and every method waits for its own.
    """

    def __init__(
        self,
        model: Model,
        image: ArrayLike | Field | None = None,
        *,
        settings: Settings | None = None,
    ) -> None:
        self.predictor = Predictor(model, settings)
        self.settings = self.predictor.settings
        self._field: Field | None = None
        self._states = [self.predictor.initial()]
        self._cursor = 0
        if image is not None:
            self.set_image(image)

    def set_image(self, image: ArrayLike | Field) -> None:
        """Begin anew on an image; its pixels are looked at as ``settings.contrast`` says."""
        if not isinstance(image, Field):
            array = image if hasattr(image, "shape") else np.asarray(image)
            image = Field.from_array(array, contrast=self.settings.contrast)
        self._field = image
        self._states = [replace(self.predictor.initial(), settings=self.settings)]
        self._cursor = 0

    @property
    def field(self) -> Field:
        """The picture.

        Raises
        ------
        ValueError
            When there is none yet.
        """
        if self._field is None:
            raise InputError(
                "An image was expected before the first click, but none came; call set_image()."
            )
        return self._field

    @property
    def state(self) -> State:
        """The state at the cursor."""
        return self._states[self._cursor]

    @property
    def clicks(self) -> tuple[Click, ...]:
        """All clicks, oldest first."""
        return self.state.clicks

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The mask of the whole image, ``(H, W)`` bool; ValueError above 2^28 pixels."""
        return self.state.mask(self._full_box())

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The probabilities of the whole image, ``(H, W)`` float32 0–1; limited as `mask` is."""
        return self.state.probabilities(self._full_box())

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._cursor > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._cursor + 1 < len(self._states)

    def click(self, y: float, x: float, foreground: bool = True) -> NDArray[np.bool_]:
        """The mask of the whole image after one click."""
        self._full_box()
        self.step([Click(y, x, foreground)])
        return self.mask

    def step(self, clicks: Iterable[Click], *, scope: Box | None = None) -> State:
        """The state after clicks that are taken together; see `Predictor.__call__`."""
        predictor, field = self.predictor, self.field
        return self._run(lambda state: predictor(field, state, tuple(clicks), scope=scope))

    def start_from(self, mask: NDArray[Any] | Patch, *, box: Box | None = None) -> State:
        """The state in which work goes on from a mask; see `Predictor.start_from`."""
        predictor, field = self.predictor, self.field
        return self._run(lambda state: predictor.start_from(field, state, mask, box=box))

    def edit(self, box: Box, values: NDArray[np.bool_]) -> State:
        """The state after a person painted in a box; see `Predictor.edit`."""
        predictor, field = self.predictor, self.field
        return self._run(lambda state: predictor.edit(field, state, box, values))

    def remove(self, click: Click) -> State:
        """The state as if a click had not been made; see `Predictor.remove`."""
        predictor, field, earlier = self.predictor, self.field, self._past()
        return self._run(lambda state: predictor.remove(field, state, click, earlier=earlier))

    def move(self, click: Click, new_click: Click) -> State:
        """The state as if a click had been made elsewhere; see `Predictor.move`."""
        predictor, field, earlier = self.predictor, self.field, self._past()
        return self._run(
            lambda state: predictor.move(field, state, click, new_click, earlier=earlier)
        )

    def reset(self) -> State:
        """The state of an object that nothing was said about; a step that can be undone."""
        fresh = replace(self.predictor.initial(), settings=self.settings)
        return self.push(replace(fresh, bounds=self.state.bounds, window=self.state.extent))

    def push(self, state: State) -> State:
        """Take over a state that was made elsewhere from `state`; what was undone is forgotten."""
        self.settings = state.settings
        del self._states[self._cursor + 1 :]
        self._states.append(state)
        self._cursor += 1
        return state

    def undo(self) -> State:
        """The state one step back, or the first one; settings that wait for a click stay."""
        return self._go_to(self._cursor - 1)

    def redo(self) -> State:
        """The state one step on, or the last one; settings that wait for a click stay."""
        return self._go_to(self._cursor + 1)

    def _go_to(self, cursor: int) -> State:
        waiting = self.settings != self.state.settings  # changed, and for the next click to come
        self._cursor = min(max(cursor, 0), len(self._states) - 1)
        if not waiting:
            self.settings = self.state.settings
        return self.state

    def _past(self) -> list[State]:
        return self._states[: self._cursor + 1]

    def _run(self, step: Callable[[State], State]) -> State:
        state = self.state
        if state.settings == self.settings:
            return self.push(submit(step, state).result())
        tuned = self.predictor.retune(state, self.settings)
        found = submit(step, tuned).result()
        if state.settings.threshold == self.settings.threshold:
            return self.push(found)
        # with another threshold the mask may change as far as there are probabilities
        window = tuned.extent if found.window is None else tuned.extent.union(found.window)
        return self.push(replace(found, window=window))

    def _full_box(self) -> Box:
        box = self.field.box
        if box.area > LARGEST_FULL_MASK_PX:
            raise InputError(
                f"A mask of the whole image is made for at most {LARGEST_FULL_MASK_PX} pixels, but "
                f"this one has {box.area}; use step() and the mask of a box of its state."
            )
        return box
