"""Training pictures: 8-bit RGB, and objects that may overlap, in layers of at most 254."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.training.data.writing import COLOUR
from training.data.entries import Annotation, Entry, annotated, stacked
from training.data.files import Pixels
from training.data.pictures import Picture, in_validation, read_picture


def picture_of(annotation: Annotation, image: Pixels | None = None) -> Picture:
    shown = np.zeros((*annotation.ignore.shape, 3), np.uint8) if image is None else image
    return read_picture(Entry("a", lambda: shown, lambda: annotation, Path("a")), "set")


@settings(max_examples=40)
@given(
    masks=st.lists(hnp.arrays(bool, (5, 6)).filter(np.any), max_size=4),
    ignore=hnp.arrays(bool, (5, 6)),
)
def test_overlapping_masks_come_back_from_their_layers(
    masks: list[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]],
    ignore: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> None:
    named = {str(i): mask for i, mask in enumerate(masks)}
    annotation = stacked(named, ignore)
    for name, mask in named.items():
        np.testing.assert_array_equal(annotation.mask(name), mask & ~ignore)
    picture = picture_of(annotation)
    assert ((picture.labels == 255) == ignore).all()
    visible = [mask & ~ignore for mask in masks if (mask & ~ignore).any()]
    assert len(picture.objects) == len(visible)
    for found, mask in zip(picture.objects, visible, strict=True):
        np.testing.assert_array_equal(picture.labels[found.layer] == found.value, mask)
        y0, x0, y1, x1 = found.box
        assert found.area == mask.sum() == mask[y0:y1, x0:x1].sum()


@pytest.mark.parametrize(("count", "layers"), [(1, 1), (254, 1), (255, 2), (600, 3)])
@pytest.mark.parametrize("step", [1, 997])
def test_many_objects_with_large_numbers_fill_several_layers(
    count: int, layers: int, step: int
) -> None:
    labels = np.zeros((30, 40), np.int64)
    labels.reshape(-1)[1 : count + 1] = np.arange(1, count + 1) * step + 3
    picture = picture_of(annotated(labels, np.zeros(labels.shape, bool)))
    assert len(picture.labels) == layers
    assert len({(o.layer, o.value) for o in picture.objects}) == count
    for found in picture.objects:
        assert (picture.labels[found.layer] == found.value).sum() == 1
    assert all(1 <= o.value <= 254 for o in picture.objects)
    assert not (picture.labels == 255).any()


def test_images_of_other_types_are_shown_as_the_predictor_shows_them() -> None:
    grey = np.full((120, 160), 100, np.uint8)
    grey[40:80] = 140
    for image in (grey, grey.astype(np.uint16) * 300, grey / 255, np.dstack([grey * 3.0] * 3)):
        annotation = annotated(np.ones((120, 160), np.uint8), np.zeros((120, 160), bool))
        shown = picture_of(annotation, image).image
        assert shown.shape == (120, 160, 3)
        assert (int(shown.min()), int(shown.max())) == (0, 255)
    np.testing.assert_array_equal(
        picture_of(stacked({}, np.zeros((3, 4), bool)), COLOUR).image, COLOUR
    )


def test_validation_and_training_share_no_picture() -> None:
    names = [f"picture{i}" for i in range(2000)]
    held_out = [n for n in names if in_validation("some_set", n)]
    assert 50 < len(held_out) < 150
    assert in_validation("s", "a#001") == in_validation("s", "a#002")
    assert in_validation("s", "a[1]") == in_validation("s", "a[2]")
