"""The labels layer: made on demand, checked, and written pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from mmap import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_fcfi.annotation import Change, Plane, smallest_dtype, widened
from napari_fcfi.annotation.plane import ArrayLike, PlaneView
from napari_fcfi.plugin.image_source import shape_of
from napari_fcfi.plugin.messages import RefusedError, Say, sentence

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer

MADE_FOR = "napari-fcfi: labels of"
COLOUR_SEED = 0.9
"""Of napari's label colours: the first one is light, and seen on grey and on photographs."""

LARGE_PX = 2**28
"""Above this many pixels, new labels begin with a type that need not be widened soon: their zeros
take no memory until they are written, those of a wider copy do."""


def transform_of(layer: Layer) -> dict[str, Any]:
    """Keyword arguments that give another layer the transform of this one."""
    names = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
    return {name: getattr(layer, name) for name in names}


def new_labels(image: Image) -> Labels:
    """An empty labels layer for an image, with its transform; not in any viewer yet."""
    from napari.layers import Labels
    from napari.utils.colormaps import label_colormap

    made = Labels(
        np.zeros(shape_of(image), first_dtype(shape_of(image))),
        name=f"{image.name} labels",
        colormap=label_colormap(seed=COLOUR_SEED),
        **transform_of(image),
    )
    # With its own name: metadata are copied with a layer, and a copy was made by somebody else.
    made.metadata[MADE_FOR] = (str(made.unique_id), *_origin_of(image))
    return made


def first_dtype(shape: tuple[int, ...]) -> np.dtype[Any]:
    """Type of new labels of a shape."""
    return np.dtype(np.uint16) if prod(shape) > LARGE_PX else smallest_dtype(1)


def insert_new(viewer: Any, image: Image) -> Labels:
    """An empty labels layer right above the image; the active layer stays the same.

    Raises
    ------
    MemoryError
        Where the array does not fit.
    """
    made, layers = new_labels(image), viewer.layers
    active = layers.selection.active
    layers.insert(layers.index(image) + 1, made)
    layers.selection.active = active
    return made


def labels_for(image: Image, chosen: Labels | None, offered: Iterable[Labels]) -> Labels | None:
    """The labels layer in which work on an image goes on; None where a new one has to be made.

    Of those that take its labels: the one that was made for this very image; else, of those that
    lie where it lies, the chosen one, if somebody else made it, or one that was made for an image
    of the same file, as channels are. Never one that was made for the image of another file.

    Parameters
    ----------
    chosen : the layer that was written into up to now
    offered : all layers that could be chosen
    """
    candidates = [*offered] if chosen is None else [chosen, *offered]
    able = [labels for labels in candidates if problem_of(labels, image) is None]
    there = [labels for labels in able if lie_alike(labels, image)]
    layer, file = _origin_of(image)
    own = [labels for labels in able if _made_for(labels)[:1] == (layer,)]
    by_hand = [labels for labels in there if labels == chosen and not _made_for(labels)]
    shared = [labels for labels in there if _made_for(labels)[1:] == (file,)]
    return next(iter(own + by_hand + shared), None)


def _made_for(labels: Labels) -> tuple[str, ...]:
    """`_origin_of` of the image that a layer was made for here; empty where it was not."""
    made, *origin = labels.metadata.get(MADE_FOR, ("",))
    return tuple(origin) if made == str(labels.unique_id) else ()


def lie_alike(layer: Layer, other: Layer) -> bool:
    """Whether each pixel of one layer lies where that of the other does; both of one dimension."""
    corners = np.vstack([np.zeros(layer.ndim), np.eye(layer.ndim)])
    here, there = ([one.data_to_world(corner) for corner in corners] for one in (layer, other))
    return np.allclose(here, there)


def _origin_of(image: Image) -> tuple[str, str]:
    """The image layer itself, under any name, and the file or sample that it came from.

    The latter is empty for an array that came from neither: two such are taken for channels.
    """
    source = image.source
    return str(image.unique_id), source.path or "/".join(source.sample or ())


def problem_of(labels: Labels, image: Image | None) -> str | None:
    """Why the labels of this image, if there is one, cannot be written; None if they can."""
    if not is_editable(labels):
        return sentence(Say.NOT_EDITABLE, labels.name)
    if image is None:
        return None
    shape = tuple(int(size) for size in labels.data.shape)
    if shape != shape_of(image):
        return sentence(Say.OTHER_SHAPE, labels.name, times(shape), times(shape_of(image)))
    return None


def is_editable(labels: Labels) -> bool:
    """Whether pixels can be written into the layer's data."""
    data = labels.data
    return not (
        labels.multiscale
        or not hasattr(data, "__setitem__")
        or _is_dask(data)
        or _is_read_only(data)
    )


def holds(labels: Labels, label: int) -> bool:
    """Whether the type of a layer's data holds a label."""
    return label <= int(np.iinfo(labels.data.dtype).max)


def make_room(labels: Labels, label: int) -> None:
    """Give the layer a wider copy of its data where their type does not hold the label.

    Raises
    ------
    RefusedError
        Where the data are not in memory: a copy of a store or file would never reach it.
    """
    data = labels.data
    if holds(labels, label):
        return
    if not isinstance(data, np.ndarray) or _is_mapped(data):
        raise RefusedError(sentence(Say.TOO_NARROW, labels.name, data.dtype, label))
    labels.data = widened(data, label)


def write(labels: Labels, plane: Plane, change: Change) -> None:
    """Write the pixels of a change that still are what they were before it."""
    if not change:
        return
    rows, columns, values = change.pixels(plane_of(labels, plane))
    if not rows.size:
        return
    make_room(labels, int(values.max()))
    indices, values = plane.indices(rows, columns), values.astype(labels.data.dtype)
    if labels.visible:
        labels.data_setitem(indices, values)
    else:
        # A hidden layer's slice may be that of another view: napari takes it anew when shown.
        labels.data[indices] = values
        labels.refresh()


def plane_of(labels: Labels, plane: Plane) -> ArrayLike:
    """The pixels of one plane: a view of a numpy array; a store is read where it is sliced."""
    data = labels.data
    return plane.of(data) if isinstance(data, np.ndarray) else PlaneView(data, plane)


def _is_dask(data: Any) -> bool:
    return type(data).__module__.startswith("dask.")


def _is_mapped(data: Any) -> bool:
    """Whether an array is a file mapped into memory, or a view of one."""
    # Not by the type: a view may be a plain array, and the copy of a `memmap` is one in memory.
    while data is not None and not isinstance(data, mmap):
        data = getattr(data, "base", None)
    return data is not None


def _is_read_only(data: Any) -> bool:
    if isinstance(data, np.ndarray):
        return not data.flags.writeable
    return bool(getattr(data, "read_only", False))


def times(shape: tuple[int, ...]) -> str:
    """A shape as people write it."""
    return " × ".join(map(str, shape))
