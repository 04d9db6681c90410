"""Pascal VOC 2012 and SBD, whose pictures are listed in text files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from .codings import labels
from .entries import Annotation, Entry, annotated
from .files import DataError, read_image


def sbd(folder: Path, part: str) -> list[Entry]:
    """``img/NAME.jpg``, ``inst/NAME.mat`` and the lists ``train.txt`` and ``val.txt``."""
    return [
        Entry(
            name,
            partial(read_image, _existing(folder / "img" / f"{name}.jpg")),
            partial(_instances, _existing(folder / "inst" / f"{name}.mat")),
            folder / "inst" / f"{name}.mat",
        )
        for name in _listed(folder / f"{part}.txt")
    ]


def voc(folder: Path, part: str) -> list[Entry]:
    """``JPEGImages/NAME.jpg`` and ``SegmentationObject/NAME.png``, whose indices are labels."""
    masks = folder / "SegmentationObject"
    return [
        Entry(
            name,
            partial(read_image, _existing(folder / "JPEGImages" / f"{name}.jpg")),
            partial(labels, _existing(masks / f"{name}.png")),
            masks / f"{name}.png",
        )
        for name in _listed(folder / "ImageSets" / "Segmentation" / f"{part}.txt")
    ]


def _listed(path: Path) -> list[str]:
    try:
        names = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"expected a list of names, could not read {path} ({error}).") from error
    if any(Path(name).name != name for name in names):
        raise DataError(f"expected names without folders in {path}.")
    return names


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"expected the file {path} of the set's list, found none.")
    return path


def _instances(path: Path) -> Annotation:
    try:
        values = np.asarray(
            loadmat(path, variable_names=["GTinst"])["GTinst"]["Segmentation"][0, 0]
        )
    # readers of damaged files end in many ways
    except Exception as error:
        raise DataError(
            f"expected the instances GTinst.Segmentation, could not read them in {path} "
            f"({type(error).__name__}: {error}); replace that file."
        ) from error
    return annotated(values, np.zeros(values.shape, bool))
