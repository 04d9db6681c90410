"""The state of one object: a value, from which alone the next one is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Settings

from .box import Box
from .click import Click
from .contrast import Limits
from .events import ClickGroup, Event, Start
from .exact import NOTHING, Exact
from .patch import Patch
from .window import Window


@dataclass(frozen=True, eq=False)
class State:
    """One object after so many interactions.

    Attributes
    ----------
    settings : Settings
        What the mask is thresholded with, and the next clicks are taken with.
    events : tuple of Event
        What led here.
    patch : Patch or None
        Probabilities; they are the next interaction's feedback. None: there was no answer yet.
    exact : Exact
        What was given or drawn, over the patch.
    zoom : Window or None
        The last window; the Predictor's business.
    zoom_patch : Patch or None
        Probabilities from which the released protocol takes its next window; None in the clean
        one, which takes it from ``patch``.
    limits : Limits or None
        Contrast limits of the object's first click, which stay.
    bounds : Box or None
        The field, known from the first event on.
    window : Box or None
        Where this step may have changed the mask; None if nowhere.
    quality : float or None
        IoU that the network expects of its last answer, 0–1.
    """

    settings: Settings
    events: tuple[Event, ...] = ()
    patch: Patch | None = None
    exact: Exact = NOTHING
    zoom: Window | None = None
    zoom_patch: Patch | None = None
    limits: Limits | None = None
    bounds: Box | None = None
    window: Box | None = None
    quality: float | None = None

    @property
    def clicks(self) -> tuple[Click, ...]:
        """All clicks since the beginning, or since a given mask took the place of what was."""
        clicks: tuple[Click, ...] = ()
        for event in self.events:
            if isinstance(event, Start):
                clicks = ()
            elif isinstance(event, ClickGroup):
                clicks += event.clicks
        return clicks

    @property
    def extent(self) -> Box:
        """A box of the field outside of which no pixel is in the mask; may be empty."""
        box = self.exact.box
        if self.patch is not None and self.patch.box.area:
            # between coarse samples the probabilities fade out, over the patch's rim too
            fading = self.patch.stride if self.patch.stride > 1 else 0
            box = box.union(self.patch.box.grown(fading))
        return box if self.bounds is None else box.intersect(self.bounds)

    def mask(self, box: Box) -> NDArray[np.bool_]:
        """Whether each field pixel of a box belongs to the object."""
        found = np.zeros(box.shape, bool)
        inner = box.intersect(self.extent)  # which may be small in a vast box
        if inner.area:
            above = np.zeros(inner.shape, bool)
            if self.patch is not None:
                above = self.patch.probabilities(inner) > self.settings.threshold
            found[inner.relative_to(box).slices] = self.exact.over(above, inner)
        return found

    def probabilities(self, box: Box) -> NDArray[np.float32]:
        """Probability of each field pixel of a box, float32 0–1; 0 or 1 where exact."""
        patch = Patch.empty() if self.patch is None else self.patch
        found = patch.probabilities(box)
        for bits in (self.exact.given, self.exact.drawn):
            known, values = bits.unpacked(box)
            found = np.where(known, values.astype(np.float32), found)
        return found
