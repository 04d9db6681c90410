"""Two classical methods behind the same face as an interaction: `click` gives the mask.

They are the comparators that a scientist has at hand without any network: OpenCV's GrabCut and
scikit-image's random walker. Both are made for strokes or a rectangle, so what a single click
stands for is a choice; ours (sizes, start values) are the constants of each class. They were
chosen on 36 objects (18 for the walker) of six sets of training photographs, in a copy of at most
240 (192) px, one constant at a time with the others near their final values, and on no data that
figures are reported on; the NoC@90 beside them are from there.

Both work on a smaller copy of large images, since their cost grows with every pixel; the mask is
brought back to the image's size.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import random_walker

Mask = NDArray[np.bool_]


class GrabCut:
    """OpenCV's GrabCut (iterated graph cuts with Gaussian mixtures of colour).

    A click is a disk of certain foreground or background. The first click also marks a larger
    disk as probable foreground and everything else as probable background. Each further click
    starts from the answer to the one before.

    Parameters
    ----------
    image
        ``(H, W)`` or ``(H, W, 3)``, any numeric dtype.

    References
    ----------
    Rother, Kolmogorov, Blake, "GrabCut: interactive foreground extraction using iterated graph
    cuts", ACM Transactions on Graphics 23(3), 2004, doi:10.1145/1015706.1015720.
    """

    LONGEST_SIDE = 320
    """Longer side of the copy that is worked on, px."""
    CLICK_RADIUS = 0.025
    """Share of the copy's longer side; NoC@90 11.9, with 0.0125 12.6, with 0.004 15.8."""
    START_RADIUS = 0.2
    """Share of the copy's shorter side; NoC@90 12.3 with 0.15, 12.6 with 0.3, 14.3 with 0.45."""
    ITERATIONS = 5
    """Of mixtures and cut, a click; NoC@90 12.6, with one 13.4, with ten 12.7."""

    def __init__(self, image: NDArray[Any]) -> None:
        self._shape = image.shape[:2]
        self._image = shrunk(eight_bit_rgb(image), self.LONGEST_SIDE)
        self._sure: list[tuple[Mask, bool]] = []
        self._labels = np.full(self._image.shape[:2], cv2.GC_PR_BGD, np.uint8)

    def click(self, y: float, x: float, foreground: bool = True) -> Mask:
        """Mask ``(H, W)`` after one more click at ``(y, x)``, px of the image."""
        centre = to_copy((y, x), self._shape, self._labels.shape)
        if not self._sure and foreground:
            radius = self.START_RADIUS * min(self._labels.shape)
            self._labels[disk(self._labels.shape, centre, radius)] = cv2.GC_PR_FGD
        radius = self.CLICK_RADIUS * max(self._labels.shape)
        self._sure.append((disk(self._labels.shape, centre, radius), foreground))
        for where, is_foreground in self._sure:
            self._labels[where] = cv2.GC_FGD if is_foreground else cv2.GC_BGD
        if np.unique(self._found()).size == 2:  # its mixtures need pixels of both kinds
            self._cut()
        return enlarged(self._found(), self._shape) > 0.5

    def _found(self) -> Mask:
        return np.isin(self._labels, (cv2.GC_FGD, cv2.GC_PR_FGD))

    def _cut(self) -> None:
        cv2.setRNGSeed(0)  # its k-means draws; the same clicks are to give the same mask
        background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(
            self._image,
            self._labels,
            (0, 0, 1, 1),  # not looked at in this mode
            background,
            foreground,
            self.ITERATIONS,
            cv2.GC_INIT_WITH_MASK,
        )


class RandomWalker:
    """scikit-image's random walker: each pixel goes to the seeds that a walker reaches first.

    A click is a disk of seeds. Since a walker needs seeds of both kinds, the border of the image
    is background wherever it is not clicked (NoC@90 13.5; only until the first background click:
    14.2).

    Parameters
    ----------
    image
        ``(H, W)`` or ``(H, W, 3)``, any numeric dtype.

    References
    ----------
    Grady, "Random walks for image segmentation", IEEE TPAMI 28(11), 2006,
    doi:10.1109/TPAMI.2006.233.
    """

    LONGEST_SIDE = 256
    """Longer side of the copy that is worked on, px."""
    CLICK_RADIUS = 0.0125
    """Share of the copy's longer side; NoC@90 14.2, with 0.025 15.5."""
    BETA = 1000.0
    """How much an edge stops the walker; NoC@90 13.4, with the library's 130 14.2."""

    def __init__(self, image: NDArray[Any]) -> None:
        self._shape = image.shape[:2]
        self._image = shrunk(eight_bit_rgb(image), self.LONGEST_SIDE)
        self._seeds = np.zeros(self._image.shape[:2], np.int32)

    def click(self, y: float, x: float, foreground: bool = True) -> Mask:
        """Mask ``(H, W)`` after one more click at ``(y, x)``, px of the image."""
        centre = to_copy((y, x), self._shape, self._image.shape[:2])
        radius = self.CLICK_RADIUS * max(self._seeds.shape)
        self._seeds[disk(self._seeds.shape, centre, radius)] = 1 if foreground else 2
        seeds = self._with_border()
        if not (seeds == 1).any():
            return np.zeros(self._shape, bool)
        # solved directly: iterating is slower at this size, and may not converge at this beta
        probabilities = random_walker(
            self._image, seeds, beta=self.BETA, mode="bf", channel_axis=-1, return_full_prob=True
        )
        return enlarged(probabilities[0], self._shape) > 0.5

    def _with_border(self) -> NDArray[np.int32]:
        """The seeds, with the image's border as background where it was not clicked."""
        border = np.ones(self._seeds.shape, bool)
        border[1:-1, 1:-1] = False
        return np.where(border & (self._seeds == 0), 2, self._seeds)


def disk(shape: tuple[int, ...], centre: tuple[float, float], radius: float) -> Mask:
    """Pixels within `radius` of a point, and at least the pixel nearest to it."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    near: Mask = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    near[round(centre[0]), round(centre[1])] = True
    return near


def to_copy(
    point: tuple[float, float], shape: tuple[int, ...], copy_shape: tuple[int, ...]
) -> tuple[float, float]:
    """Position in a resized copy of a position in the image; pixel centres are integers."""
    y, x = (
        min(max((position + 0.5) * there / here - 0.5, 0), there - 1)
        for position, here, there in zip(point, shape, copy_shape, strict=True)
    )
    return y, x


def shrunk(image: NDArray[np.uint8], longest_side: int) -> NDArray[np.uint8]:
    """The image with a longer side of at most `longest_side` px, by the mean over areas."""
    factor = min(1.0, longest_side / max(image.shape[:2]))
    height, width = (max(1, round(side * factor)) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values ``(h, w)`` brought to another size, bilinearly."""
    size = (shape[1], shape[0])
    resized = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)


def eight_bit_rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Image ``(H, W)`` or ``(H, W, 3)`` as 8-bit RGB; others by 0.1-99.9 percentiles."""
    if image.dtype != np.uint8:
        low, high = np.percentile(image, (0.1, 99.9))
        scaled = (image.astype(np.float64) - low) / max(high - low, 1e-12)
        image = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
