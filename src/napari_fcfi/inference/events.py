"""What happened to an object, in order: from these its state can be made again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_fcfi.settings import Settings

from .box import Box
from .click import Click
from .errors import InputError
from .exact import Bits
from .patch import Patch


@dataclass(frozen=True)
class ClickGroup:
    """Clicks that were taken together, oldest first, and what they were taken with."""

    clicks: tuple[Click, ...]
    settings: Settings
    scope: Box | None = None

    def replaced(self, old: Click, new: Click | None) -> ClickGroup:
        """The group with its newest click that equals ``old`` moved, or taken out."""
        at = len(self.clicks) - 1 - self.clicks[::-1].index(old)
        between = () if new is None else (new,)
        return replace(self, clicks=(*self.clicks[:at], *between, *self.clicks[at + 1 :]))


@dataclass(frozen=True, eq=False)
class Start:
    """Work begins anew from probabilities, and from the exact mask if they were one."""

    patch: Patch
    given: Bits


@dataclass(frozen=True, eq=False)
class Edit:
    """Pixels that were changed by brush."""

    drawn: Bits


Event = ClickGroup | Start | Edit


def with_click_replaced(
    events: tuple[Event, ...], old: Click, new: Click | None
) -> tuple[Event, ...]:
    """Events in which the newest click that equals ``old`` was made elsewhere, or not at all.

    Raises
    ------
    ValueError
        When there is no such click since the last start.
    """
    for at in range(len(events) - 1, -1, -1):
        event = events[at]
        if isinstance(event, Start):
            break
        if isinstance(event, ClickGroup) and old in event.clicks:
            group = event.replaced(old, new)
            return (*events[:at], *((group,) if group.clicks else ()), *events[at + 1 :])
    raise InputError(
        f"A click of this object was expected, but it has none at y={old.y:g}, x={old.x:g} of that "
        "kind; choose one of its clicks."
    )
