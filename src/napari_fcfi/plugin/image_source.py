"""What the network reads of an image layer: one plane, lazily, with its contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_fcfi.annotation import Plane
from napari_fcfi.annotation.plane import PlaneView

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_fcfi.inference import Field


def levels_of(image: Image) -> list[Any]:
    """The arrays of an image layer, the finest first."""
    return list(image.data) if image.multiscale else [image.data]


def shape_of(image: Image) -> tuple[int, ...]:
    """Shape of the layer's finest data, without colour."""
    return tuple(int(size) for size in levels_of(image)[0].shape[: image.ndim])


@dataclass(frozen=True)
class ImageSource:
    """A plane of an image layer at one moment, from which a `Field` is made.

    Attributes
    ----------
    levels : the arrays of the layer, finest first
    contrast : the setting
    displayed : the layer's contrast limits; None for colour
    changed_by_user : whether those are the user's
    """

    levels: tuple[Any, ...]
    plane: Plane
    contrast: str
    displayed: tuple[float, float] | None
    changed_by_user: bool

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for sources that give the same field, as long as their arrays are alive."""
        arrays = tuple(map(id, self.levels))
        return arrays, self.plane, self.contrast, self.displayed, self.changed_by_user

    def field(self) -> Field:
        """The field. Reads pixels to find the contrast: not for the GUI thread."""
        from napari_fcfi.inference import Field

        views = [_plane_of_level(level, self.levels[0], self.plane) for level in self.levels]
        how: dict[str, Any] = {
            "contrast": self.contrast,
            "displayed": self.displayed,
            "changed_by_user": self.changed_by_user,
        }
        return (
            Field.from_levels(views, **how) if len(views) > 1 else Field.from_array(views[0], **how)
        )


def _plane_of_level(level: Any, finest: Any, plane: Plane) -> Any:
    index = tuple(
        None if at is None else min(size - 1, at * size // full)
        for at, size, full in zip(plane.index, level.shape, finest.shape, strict=False)
    )
    at_level = Plane(index)
    return at_level.of(level) if isinstance(level, np.ndarray) else PlaneView(level, at_level)


class ContrastWatch:
    """Knows whether the limits of an image layer are still those that napari chose.

    napari gives a numpy image its limits and the slider's range alike, so limits unlike the range
    are the user's. Of lazy data and pyramids it takes the limits later: there, what was found
    first counts.
    """

    def __init__(self, image: Image) -> None:
        later = image.multiscale or not isinstance(image.data, np.ndarray)
        self._given = _pair(image.contrast_limits if later else image.contrast_limits_range)

    def changed(self, image: Image) -> bool:
        """Whether the user has set other limits."""
        return not image.rgb and _pair(image.contrast_limits) != self._given

    def source(self, image: Image, plane: Plane, contrast: str) -> ImageSource:
        """The plane of the layer as it is now."""
        return ImageSource(
            tuple(levels_of(image)),
            plane,
            contrast,
            None if image.rgb else _pair(image.contrast_limits),
            self.changed(image),
        )


def _pair(limits: Sequence[Any]) -> tuple[float, float]:
    low, high = limits
    return float(low), float(high)
