"""What the released programs do otherwise than one would wish, one named option a difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from napari_fcfi.inference.errors import InputError

if TYPE_CHECKING:
    from napari_fcfi.network import Network


@dataclass(frozen=True)
class ReleasedOptions:
    """The released predictors' peculiarities; each can be mended alone, to measure what it costs.

    Attributes
    ----------
    window_follows_feedback : bool
        The next window is taken from the updated feedback M_u, whose map overwrites that of the
        answer (FCFI); mended, and in RITM: from the answer.
    window_ignores_background_clicks : bool
        Only foreground clicks must lie in the window (RITM); mended, and in FCFI: all clicks.
    window_outlives_its_mask : bool
        When the map that the window follows has no object left, the network sees the whole picture
        but its answer is squeezed into the old window; mended: the window is dropped.
    clears_outside : bool
        Outside the window the answer is 0; mended: what was there stays.
    window_has_own_threshold : bool
        A pixel counts as object for the window above 0.5, for the mask above 0.49; mended: both
        above the setting.
    last_line_is_outside : bool
        A click on a window's last row or column counts as outside, which renews the window.
    clicks_ignore_corners : bool
        Clicks go into the window by the ratio of the sides, while pixels are resized with corners
        on corners; mended: clicks as pixels.
    mirror_is_truncated : bool
        A new click is truncated to a whole pixel after it was mirrored; mended: before.
    """

    window_follows_feedback: bool
    window_ignores_background_clicks: bool
    window_outlives_its_mask: bool = True
    clears_outside: bool = True
    window_has_own_threshold: bool = True
    last_line_is_outside: bool = True
    clicks_ignore_corners: bool = True
    mirror_is_truncated: bool = True

    def mended(self, names: Iterable[str]) -> ReleasedOptions:
        """The options with these differences mended.

        Raises
        ------
        ValueError
            When a name is none of them.
        """
        names = tuple(names)
        known = [field.name for field in fields(self)]
        for name in names:
            if name not in known:
                raise InputError(
                    f"Expected a difference of the released protocol, got {name!r}; the "
                    f"differences are {', '.join(known)}."
                )
        return replace(self, **dict.fromkeys(names, False))


FCFI = ReleasedOptions(window_follows_feedback=True, window_ignores_background_clicks=False)
RITM = ReleasedOptions(window_follows_feedback=False, window_ignores_background_clicks=True)


def released_options(network: Network) -> ReleasedOptions:
    """What the authors' program for a network of this kind does.

    A network with FFCM or CFFM is one of FCFI's, one without either is RITM's.
    """
    return RITM if network.architecture.feedback in ("input", "none") else FCFI
