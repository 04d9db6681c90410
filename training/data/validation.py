"""The validation part of the training folders as an evaluation set: what choices are made on."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from .evaluation_sets import Case, EvaluationSet
from .folders import Picture, image_of, mask_files, read_picture

NAME = "validation"
PICTURES_A_SET = 3
SMALLEST_AREA = 100


def validation_set(root: Path) -> EvaluationSet:
    """Up to three pictures of every training set, one object each.

    Of a picture's objects of at least 100 px the one is taken whose place in the order of sizes is
    drawn from the picture's name, so that small and large ones come up alike and always the same.

    Parameters
    ----------
    root : Path
        The folder of sets that training reads, or one of the folders above it.
    """
    by_set: dict[str, list[Path]] = defaultdict(list)
    for mask in mask_files(training_root(root), validation=True):
        by_set[mask.parent.parent.name].append(mask)
    cases = []
    for name, masks in sorted(by_set.items()):
        for mask in masks[:PICTURES_A_SET]:
            label = _chosen(read_picture(mask))
            if label is not None:
                image = image_of(mask, mask.parent.parent / "images")
                cases.append(Case(f"{name}/{mask.stem}:{label}", image, mask, label, True))
    return EvaluationSet(NAME, tuple(cases))


def training_root(root: Path) -> Path:
    """The folder of training sets at or below ``root``."""
    places = (root / "data" / "train", root / "train")
    return next((place for place in places if place.is_dir()), root)


def _chosen(picture: Picture) -> int | None:
    large = sorted((o.area, o.value) for o in picture.objects if o.area >= SMALLEST_AREA)
    if not large:
        return None
    rng = np.random.default_rng(list(picture.name.encode()))
    return large[int(rng.integers(len(large)))][1]
