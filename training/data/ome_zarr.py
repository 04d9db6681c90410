"""Images with labels in OME-Zarr (NGFF 0.4 and 0.5), at full resolution, plane by plane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .entries import Annotation, Entry, annotated
from .files import DataError, Pixels, in_order, planes_of, three_colours

if TYPE_CHECKING:
    import zarr


def ome_zarr(folder: Path, part: str) -> list[Entry]:  # noqa: ARG001 - one part
    """Planes of ``NAME.zarr`` with those of each of ``NAME.zarr/labels/*``.

    The folder holds such images or is one itself. Labels have no channels, and the image's other
    axes.
    """
    unlabelled = set(unlabelled_zarr(folder))
    entries = []
    for path in _stores(folder):
        if path in unlabelled:
            continue
        image = _opened(path)
        for name in _label_names(path):
            own = path / "labels" / name
            labels = _opened(own)
            if len(labels.keys) != len(image.keys):
                raise DataError(
                    f"expected labels with the {len(image.keys)} planes of {path}, got "
                    f"{len(labels.keys)} in {own}."
                )
            for plane in range(len(image.keys)):
                shown = f"{path.name.partition('.')[0]}/{name}[{plane}]"
                read = partial(_labels, labels, plane)
                entries.append(Entry(shown, partial(_image, image, plane), read, own))
    return entries


def unlabelled_zarr(folder: Path) -> list[Path]:
    """Images of the folder that have no labels."""
    return [path for path in _stores(folder) if not (path / "labels").is_dir()]


def _stores(folder: Path) -> list[Path]:
    return [folder] if (folder / "labels").is_dir() else sorted(folder.glob("*.zarr"))


@dataclass(frozen=True, eq=False)
class _Planes:
    """An array on disk with the keys of its planes, and the axes of what a key gives."""

    path: Path
    array: zarr.Array[Any]
    keys: list[tuple[int | slice, ...]]
    axes: str

    def read(self, plane: int) -> Pixels:
        """Pixels ``(H, W)`` or ``(H, W, C)``."""
        try:
            return in_order(np.asarray(self.array[self.keys[plane]]), self.axes)
        # a damaged store ends in many ways
        except Exception as error:
            raise DataError(
                f"expected plane {plane}, could not read it in {self.path} ({error})."
            ) from error


def _attributes(path: Path) -> dict[str, Any]:
    import zarr

    try:
        attributes = dict(zarr.open_group(path, mode="r").attrs)
    # a damaged store ends in many ways
    except Exception as error:
        raise DataError(f"expected an OME-Zarr group, could not read {path} ({error}).") from error
    found: Any = attributes.get("ome", attributes)
    return dict(found)


def _label_names(path: Path) -> list[str]:
    names = _attributes(path / "labels").get("labels")
    if not isinstance(names, list) or any(Path(str(name)).name != name for name in names):
        raise DataError(f"expected the names of the labels in the attributes of {path / 'labels'}.")
    return names


def _opened(path: Path) -> _Planes:
    """Planes of full resolution."""
    import zarr

    attributes = _attributes(path)
    try:
        first = attributes["multiscales"][0]
        axes = "".join(str(axis["name"]).upper() for axis in first["axes"])
        array = zarr.open_array(path / str(first["datasets"][0]["path"]), mode="r")
    except Exception as error:
        raise DataError(
            f"expected multiscales with axes and datasets in {path}, got something else ({error})."
        ) from error
    if len(axes) != array.ndim or not {"Y", "X"} <= set(axes):
        raise DataError(
            f"expected {array.ndim} axes with y and x among them in {path}, got {axes}."
        )
    return _Planes(path, array, *planes_of(array.shape, axes))


def _image(planes: _Planes, plane: int) -> Pixels:
    return three_colours(planes.read(plane))


def _labels(planes: _Planes, plane: int) -> Annotation:
    values = planes.read(plane)
    values = values if values.ndim == 2 else values[..., 0]
    if values.dtype.kind not in "bui":
        raise DataError(f"expected labels of whole numbers, got {values.dtype} in {planes.path}.")
    values = values.astype(np.uint8) if values.dtype == bool else values
    return annotated(values, np.zeros(values.shape, bool))
