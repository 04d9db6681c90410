"""The validation part of the training folders as an evaluation set: what choices are made on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .entries import Annotation
from .evaluation_sets import Case, EvaluationSet, areas_of
from .files import DataError
from .finding import VALIDATION_NAME
from .source import SMALLEST_TO_SPLIT, Unread, of_part, training_sets

NAME = VALIDATION_NAME
PICTURES_A_SET = 3
ABOUT_OBJECTS = 150
"""Few sets have more pictures each, so that there are about so many in all."""
SMALLEST_AREA = 100


def validation_set(root: Path) -> EvaluationSet:
    """Up to three pictures of every training set, or more of few sets, one object each.

    Of a picture's objects of at least 100 px the one is taken whose place in the order of sizes is
    drawn from the picture's name, so that small and large ones come up alike and always the same.

    Parameters
    ----------
    root : Path
        The folder of sets that training reads, or one of the folders above it. Sets of which only
        the training part is there are left out.

    Raises
    ------
    DataError
        When there is no picture for validation, or a file cannot be read.
    """
    sets = [found for found in training_sets(root) if "val" in (found.own_parts or ("val",))]
    by_set: dict[str, list[Unread]] = defaultdict(list)
    unread = [Unread(entry, found) for found in sets for entry in found.entries("val")]
    for picture in of_part(unread, "val"):
        by_set[picture.found.name].append(picture)
    cases = []
    most = max(PICTURES_A_SET, ABOUT_OBJECTS // max(1, len(by_set)))
    for name, pictures in sorted(by_set.items()):
        for picture in pictures[:most]:
            entry = picture.entry
            chosen = _chosen(entry.annotation(), entry.name)
            if chosen is not None:
                cases.append(Case(f"{name}/{entry.name}:{chosen}", entry, chosen))
    if not cases:
        raise DataError(
            f"expected pictures for validation in {root}, found none; add sets with a validation "
            "part, or more pictures."
        )
    return EvaluationSet(NAME, tuple(cases), remark=_remark(unread))


def _remark(unread: Sequence[Unread]) -> str:
    """What has to be known of the figures where the pictures are those of training."""
    alike = [picture for picture in unread if not picture.found.own_parts]
    # every picture is of one part, or all are of both
    both = len(of_part(alike, "val")) + len(of_part(alike, "train")) - len(alike)
    if not both:
        return ""
    return (
        f"{both} of the pictures held out are trained on, too, since {SMALLEST_TO_SPLIT} are "
        "needed to hold some out; the figures say little of new pictures."
    )


def _chosen(annotation: Annotation, picture: str) -> str | None:
    areas = areas_of(annotation).items()
    large = sorted(
        (area, at, name) for at, (name, area) in enumerate(areas) if area >= SMALLEST_AREA
    )
    if not large:
        return None
    rng = np.random.default_rng(list(picture.encode()))
    return large[int(rng.integers(len(large)))][2]
