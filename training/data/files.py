"""Pixels of image and mask files, one plane at a time.

Planes of a TIFF are those of its axes other than rows, columns and colour; every other file has
one. Three or four planes that are written without a word on what they are become samples of a
colour in a TIFF, before its rows: where a stack is read they are planes all the same. Whatever a
file holds, a failure to read it is a `DataError` that names it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[Any]
T = TypeVar("T")

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
TIFF_SUFFIXES = {".tif", ".tiff"}
COLOUR_AXES = "CS"
"""Names of TIFF and OME axes which are channels or samples; Y and X are rows and columns."""


class DataError(ValueError):
    """Data that are missing or unreadable; the message says what to do."""


def pictures_in(folder: Path) -> list[Path]:
    """Image files of a folder by name, hidden ones left out; empty without such a folder."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )


def plane_count(path: Path, *, stack: bool = False) -> int:
    """Number of planes of an image file, read from its head; of masks as those of a stack."""
    if path.suffix.lower() not in TIFF_SUFFIXES:
        return 1
    return _reading(path, lambda: len(_tiff_planes(path, stack=stack)[0]))


def read_image(path: Path, plane: int = 0, *, stack: bool = False) -> Pixels:
    """Image ``(H, W)`` or ``(H, W, 3)``.

    Grey stays grey in its own depth; colours of a TIFF keep their depth, of which there are three
    at most, and all others become 8-bit RGB.

    Parameters
    ----------
    path, plane
        File, and which of its planes.
    stack
        Whether samples of a colour before the rows of a TIFF are planes.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    if path.suffix.lower() in TIFF_SUFFIXES:
        return _reading(path, lambda: three_colours(_tiff_plane(path, plane, stack=stack)))
    return _reading(path, lambda: _picture(path, indices=False, colour=True))


def read_mask(path: Path, plane: int = 0, *, indices: bool = True) -> Pixels:
    """Values of a mask ``(H, W)``, or ``(H, W, C)`` where it is in colour; of a stack's plane.

    Parameters
    ----------
    path, plane
        File, and which of its planes.
    indices
        Whether a palette picture gives its indices (Pascal VOC) or its colours.

    Raises
    ------
    DataError
        When the file cannot be read or its values are not whole numbers.
    """
    if path.suffix.lower() in TIFF_SUFFIXES:
        values = _reading(path, lambda: _tiff_plane(path, plane, stack=True))
    else:
        values = _reading(path, lambda: _picture(path, indices=indices, colour=False))
    if values.dtype.kind not in "bui":
        raise DataError(
            f"expected a mask of whole numbers, got {values.dtype} in {path}; "
            "save it as a greyscale PNG or as a TIFF of integers."
        )
    return values


def three_colours(pixels: Pixels) -> Pixels:
    """Pixels with at most three channels: ``(H, W)`` for one, else ``(H, W, 3)``.

    Of two channels the third colour is black; more than three lose the rest.
    """
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return pixels.reshape(pixels.shape[:2])
    missing = max(0, 3 - pixels.shape[2])
    return np.pad(pixels[..., :3], ((0, 0), (0, 0), (0, missing)))


def planes_of(shape: tuple[int, ...], axes: str) -> tuple[list[tuple[int | slice, ...]], str]:
    """How an array of several axes is cut into planes.

    Parameters
    ----------
    shape, axes
        Of the array; one letter an axis, Y and X among them.

    Returns
    -------
    keys, order
        The key of each plane, and the axes of what a key gives.
    """
    inner = "YX" + COLOUR_AXES
    outer = [n for n, axis in zip(shape, axes, strict=True) if axis not in inner]
    keys = []
    for index in np.ndindex(*outer):
        left = iter(index)
        keys.append(tuple(slice(None) if axis in inner else next(left) for axis in axes))
    return keys, "".join(axis for axis in axes if axis in inner)


def in_order(pixels: Pixels, axes: str) -> Pixels:
    """Pixels as ``(H, W)`` or ``(H, W, C)``, whatever the order of their axes."""
    colours = [i for i, axis in enumerate(axes) if axis in COLOUR_AXES]
    pixels = np.transpose(pixels, (axes.index("Y"), axes.index("X"), *colours))
    return pixels if not colours else pixels.reshape(*pixels.shape[:2], -1)


def _tiff_planes(path: Path, *, stack: bool) -> tuple[list[tuple[int | slice, ...]], str]:
    with tifffile.TiffFile(path) as file:
        shape, axes = file.series[0].shape, file.series[0].axes
    if stack:
        before, rows, after = axes.partition("Y")
        axes = before.replace("S", "Q") + rows + after  # Q: tifffile's letter of any other axis
    return planes_of(shape, axes)


def _tiff_plane(path: Path, plane: int, *, stack: bool) -> Pixels:
    import zarr

    keys, order = _tiff_planes(path, stack=stack)
    with tifffile.imread(path, aszarr=True, series=0, level=0) as store:
        array = zarr.open_array(store, mode="r")
        return in_order(np.asarray(array[keys[plane]]), order)


def _picture(path: Path, *, indices: bool, colour: bool) -> Pixels:
    with Image.open(path) as picture:
        picture.load()
        grey = picture.mode in {"1", "L", "I", "F"} or picture.mode.startswith("I;16")
        if not grey and (colour or not (indices and picture.mode == "P")):
            return np.asarray(picture.convert("RGB"))
        return np.asarray(picture)


def _reading(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    # readers of damaged files end in many ways, of which none says which file it was
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"expected a picture, could not read {path} ({reason}); replace that file."
        ) from error
