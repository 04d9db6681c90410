"""From a field, a state and new clicks to the next state: a function without hidden memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Settings

from .box import Box
from .click import Click, box_of
from .contrast import Limits
from .errors import InputError
from .events import ClickGroup, Edit, Event, Start, with_click_replaced
from .exact import Bits, Exact
from .field import Field
from .first_click import first_windows, preference
from .passes import Answer, Passes, Question
from .patch import MOST_SAMPLES, Patch
from .released.options import ReleasedOptions, released_options
from .released.step import after_clicks
from .state import State
from .storing import changed_box, painted, stored
from .window import Window
from .zoom import MOST_GROWTHS, grown, next_window, whole_box

if TYPE_CHECKING:
    from napari_fcfi.checkpoints import Model

CACHE_BYTES = 2**28


class Predictor:
    """Makes the next state of an object; every method gives a new state and changes nothing.

    Parameters
    ----------
    model : Model
        Of `napari_fcfi.load_model`.
    settings : Settings, optional
        Of the states that `initial` begins with; a state's own settings are what its next clicks
        are taken with.
    cache_bytes : int
        Memory for image features of windows, which make a further click fast.
    released : ReleasedOptions, optional
        How the released protocol is followed, where the settings ask for it; by default as the
        authors' program for a network of this kind does.

    Notes
    -----
    All methods run in the thread that calls them; `thread.submit` runs them in the one prediction
    thread.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings | None = None,
        *,
        cache_bytes: int = CACHE_BYTES,
        released: ReleasedOptions | None = None,
    ) -> None:
        self.model = model
        self.settings = Settings() if settings is None else settings
        self.passes = Passes(model, cache_bytes)
        self._released = released

    def initial(self) -> State:
        """The state of an object that nothing was said about yet."""
        return State(self.settings)

    def __call__(
        self,
        field: Field,
        state: State,
        new_clicks: Iterable[Click],
        *,
        scope: Box | None = None,
    ) -> State:
        """The state after clicks that are taken together.

        Background clicks alone, with no mask yet, wait for the first foreground click (not in the
        released protocol).

        Parameters
        ----------
        field : Field
            The picture.
        state : State
            Before the clicks.
        new_clicks : iterable of Click
            Oldest first.
        scope : Box, optional
            The largest box that a first click may look at, as the part of a huge image in view.

        Raises
        ------
        ValueError
            When there is no click, or one lies outside the field.
        """
        group = ClickGroup(tuple(new_clicks), state.settings, scope)
        if not group.clicks:
            raise InputError("At least one click was expected, but none came; click on the object.")
        for click in group.clicks:
            check_inside(field, click)
        return self._after_clicks(field, state, group)

    def start_from(
        self,
        field: Field,
        state: State,
        mask: NDArray[Any] | Patch,
        *,
        box: Box | None = None,
    ) -> State:
        """The state in which work goes on from a mask, as from another program's label.

        Clicks before it no longer count.

        Parameters
        ----------
        field : Field
            The picture.
        state : State
            Before.
        mask : ndarray or Patch
            A bool mask, kept exactly; float probabilities 0–1; or a neighbouring plane's patch.
        box : Box, optional
            Where the array lies; without it, it has the field's shape.

        Raises
        ------
        ValueError
            When the array's shape or type is another, its values leave 0–1, or it lies outside.
        """
        if isinstance(mask, Patch):
            start = Start(mask, Bits.nothing())
        else:
            box = field.box if box is None else box
            values = np.asarray(mask)
            _check_start(field, values, box)
            given = Bits.of_mask(box, values) if values.dtype == np.bool_ else Bits.nothing()
            start = Start(_patch_from(values, box, state.settings), given)
        return self._after_start(field, state, start)

    def edit(self, field: Field, state: State, box: Box, values: NDArray[np.bool_]) -> State:
        """The state after a person painted: the mask of a box becomes these values.

        Pixels that change by it count as drawn: they stay, whatever later answers say, until a
        click of the other sign near them.

        Parameters
        ----------
        field : Field
            The picture.
        state : State
            Before.
        box : Box
            Inside the field.
        values : ndarray
            ``box.shape`` bool, the mask as it shall be.

        Raises
        ------
        ValueError
            When the box leaves the field, or the values have another shape or type.
        """
        values = np.asarray(values)
        _check_edit(field, box, values)
        drawn = Bits.of(box, values != state.mask(box), values)
        return self._after_edit(field, state, Edit(drawn))

    def retune(self, state: State, settings: Settings) -> State:
        """The same object with other settings, which its mask and its next clicks then follow."""
        return replace(state, settings=settings, window=state.extent)

    def remove(
        self, field: Field, state: State, click: Click, *, earlier: Sequence[State] = ()
    ) -> State:
        """The state as if a click had not been made: later clicks are taken again.

        Parameters
        ----------
        field, state
            The picture, and the state before.
        click : Click
            The newest equal one is removed.
        earlier : sequence of State
            States that led here, if at hand: the work begins at the last one that still holds.

        Raises
        ------
        ValueError
            When there is no such click.
        """
        return self._replaced(field, state, click, None, earlier)

    def move(
        self,
        field: Field,
        state: State,
        click: Click,
        new_click: Click,
        *,
        earlier: Sequence[State] = (),
    ) -> State:
        """The state as if a click had been made elsewhere; see `remove`."""
        check_inside(field, new_click)
        return self._replaced(field, state, click, new_click, earlier)

    # ------------------------------------------------------------------------- one event each

    def _after(self, field: Field, state: State, event: Event) -> State:
        match event:
            case ClickGroup():
                return self._after_clicks(field, replace(state, settings=event.settings), event)
            case Start():
                return self._after_start(field, state, event)
            case Edit():
                return self._after_edit(field, state, event)

    def _after_clicks(self, field: Field, state: State, group: ClickGroup) -> State:
        state = replace(state, events=(*state.events, group), bounds=field.box, window=None)
        if state.settings.protocol == "released":
            options = self._released or released_options(self.model.network)
            return after_clicks(self.model, field, state, group, options)
        state = _as_clean(state)
        clicks, settings = state.clicks, state.settings
        if state.patch is None and not any(click.foreground for click in clicks):
            return state
        limits = field.limits if state.limits is None else state.limits
        # clicks that waited for the first foreground click are new as well
        new_clicks = clicks if state.patch is None else group.clicks
        asked = Question(clicks, new_clicks, state.patch, settings.expansion_ratio)
        # a first click looks no farther than its scope, however large the mask seems there
        if state.patch is None:
            foreground = [click for click in clicks if click.foreground]
            limit = whole_box(field.box, box_of(foreground), group.scope)
            field = field.keeping(limit)
            windows = first_windows(self.passes, field, limits, asked, settings, limit)
        else:
            windows = [next_window(field.box, state, group.scope)]
            limit = field.box
        focused = _agree(state, new_clicks)
        window, answer = max(
            (
                self._grown_answer(field, limits, window, limit, asked, settings, focused)
                for window in windows
            ),
            key=lambda found: (found[1].quality or 0.0) * preference(found[0]),
        )
        return stored(replace(state, limits=limits), asked, window, answer, focused=focused)

    def _grown_answer(
        self,
        field: Field,
        limits: Limits,
        window: Window,
        limit: Box,
        asked: Question,
        settings: Settings,
        focused: bool,
    ) -> tuple[Window, Answer]:
        """The answer of a window whose edges the mask does not meet, if growing can help.

        The window grows up to ``limit``.
        """
        answer = self.passes.answer(field, limits, window, asked, flip=settings.flip)
        for _ in range(0 if focused else MOST_GROWTHS):
            mask = answer.probabilities > settings.threshold
            larger = grown(window, mask, limit, settings)
            if larger is None:
                break
            window = larger
            answer = self.passes.answer(field, limits, window, asked, flip=settings.flip)
        return window, answer

    def _after_start(self, field: Field, state: State, start: Start) -> State:
        started = State(
            state.settings,
            events=(*state.events, start),
            # an empty mask is no feedback: the first click may look around
            patch=start.patch if start.patch.box.area else None,
            exact=Exact(start.given, Bits.nothing()),
            limits=state.limits,
            bounds=field.box,
        )
        return replace(started, window=state.extent.union(started.extent))

    def _after_edit(self, field: Field, state: State, edit: Edit) -> State:
        patch, window = painted(state.patch, edit.drawn), edit.drawn.box
        if patch is not None:
            window = changed_box(state.patch, patch, window)
        return replace(
            state,
            events=(*state.events, edit),
            patch=patch,
            exact=replace(state.exact, drawn=state.exact.drawn.with_drawn(edit.drawn)),
            bounds=field.box,
            window=window,
        )

    def _replaced(
        self,
        field: Field,
        state: State,
        click: Click,
        new_click: Click | None,
        earlier: Sequence[State],
    ) -> State:
        events = with_click_replaced(state.events, click, new_click)
        beginning = replace(self.initial(), limits=state.limits, bounds=state.bounds)
        known = [s for s in earlier if s.events == events[: len(s.events)]]
        found = max([beginning, *known], key=lambda s: len(s.events))
        found = replace(found, limits=state.limits)  # frozen, also where they were not yet there
        for event in events[len(found.events) :]:
            found = self._after(field, found, event)
        changed = state.extent.union(found.extent)
        return replace(found, settings=state.settings, window=changed)


def _as_clean(state: State) -> State:
    """The state without what only the released protocol keeps."""
    patch = None if state.patch is None else state.patch.rounded
    return replace(state, patch=patch, zoom_patch=None)


def _patch_from(values: NDArray[Any], box: Box, settings: Settings) -> Patch:
    exact = settings.protocol == "released" and box.area <= MOST_SAMPLES
    return Patch.from_floats(values, box) if exact else Patch.from_array(values, box)


def check_inside(field: Field, click: Click) -> None:
    """Raise ValueError unless the click lies on a pixel of the field."""
    if not field.box.contains(click.y, click.x):
        height, width = field.shape
        raise InputError(
            f"A click inside the image of {height} × {width} px was expected, but "
            f"y={click.y:g}, x={click.x:g} came; click on the image."
        )


def _agree(state: State, new_clicks: Sequence[Click]) -> bool:
    """Whether there is a mask, and it has the sign of all new clicks already."""
    return state.patch is not None and all(
        bool(state.mask(box_of([click]))[0, 0]) == click.foreground for click in new_clicks
    )


def _check_start(field: Field, values: NDArray[Any], box: Box) -> None:
    _check_box(field, box)
    _check_shape(values, box)
    if values.dtype == np.bool_:
        return
    if values.dtype.kind != "f" or not ((values >= 0) & (values <= 1)).all():
        raise InputError(
            "A bool mask, or float probabilities from 0 to 1, was expected, but values of type "
            f"{values.dtype} outside of that came; pass for example labels == 3."
        )


def _check_edit(field: Field, box: Box, values: NDArray[Any]) -> None:
    _check_box(field, box)
    _check_shape(values, box)
    if values.dtype != np.bool_:
        raise InputError(
            f"Bool values were expected of a brush, but {values.dtype} came; pass for example "
            "labels == 3."
        )


def _check_box(field: Field, box: Box) -> None:
    if box.area == 0 or not field.box.covers(box):
        height, width = field.shape
        raise InputError(
            f"A box inside the image of {height} × {width} px was expected, but {box} came; "
            "cut it to the image."
        )


def _check_shape(values: NDArray[Any], box: Box) -> None:
    if values.shape != box.shape:
        raise InputError(
            f"Values of shape {box.shape} were expected, but {values.shape} came; pass one value "
            "for each pixel of the box, or of the image."
        )
