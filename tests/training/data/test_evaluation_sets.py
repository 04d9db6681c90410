"""Readers of evaluation sets, on small files of the true layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.writing import COLOUR, GREY, LABELS, save
from training.data.evaluation_sets import (
    Sample,
    evaluation_set,
    in_a_field_of_mirror_images,
    of_sizes,
)
from training.data.files import DataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def test_every_label_of_a_mask_is_an_object_and_255_is_ignored(root: Path) -> None:
    save(root / "photos/images/a.png", COLOUR)
    save(root / "photos/masks/a.png", LABELS)
    first, second = evaluation_set("photos", root)
    assert (first.name, second.name) == ("a:1", "a:2")
    np.testing.assert_array_equal(first.image, COLOUR)
    np.testing.assert_array_equal(first.object_mask, LABELS == 1)
    np.testing.assert_array_equal(second.object_mask, LABELS == 2)
    np.testing.assert_array_equal(second.ignore, LABELS == 255)


def test_numbered_masks_belong_to_one_image_and_may_overlap(root: Path) -> None:
    save(root / "berkeley/images/7.png", COLOUR)
    save(root / "berkeley/masks/7#001.png", (LABELS > 0).astype(np.uint8))
    save(root / "berkeley/masks/7#002.png", (LABELS == 2).astype(np.uint8))
    whole, part = evaluation_set("berkeley", root)
    assert (whole.name, part.name) == ("7#001", "7#002")
    assert whole.object_mask.sum() == 6
    assert part.object_mask.sum() == 3


def test_grabcut_is_read_as_published(root: Path) -> None:
    save(root / "GrabCut/data_GT/b.bmp", COLOUR)
    save(root / "GrabCut/boundary_GT/b.bmp", np.array([[0, 128, 255, 64]] * 3, np.uint8))
    (sample,) = evaluation_set("grabcut", root)
    assert sample.object_mask[0].tolist() == [False, False, True, False]
    assert sample.ignore[0].tolist() == [False, True, False, False]


def test_berkeley_is_read_as_published_by_the_blue_channel(root: Path) -> None:
    mask = np.zeros((3, 4, 3), np.uint8)
    mask[0, 1] = (255, 255, 255)
    mask[0, 2] = (255, 0, 255)
    mask[0, 3] = (255, 255, 0)
    save(root / "Berkeley/images/c.png", COLOUR)
    save(root / "Berkeley/masks/c.png", mask)
    (sample,) = evaluation_set("berkeley", root)
    assert sample.name == "c"
    assert sample.object_mask[0].tolist() == [False, True, True, False]
    assert not sample.ignore.any()


def test_a_16_bit_image_keeps_its_depth_and_16_bit_labels_have_no_ignored_value(root: Path) -> None:
    save(root / "cells/images/d.png", GREY.astype(np.uint16) * 5000)
    save(root / "cells/masks/d.png", LABELS.astype(np.uint16))
    samples = list(evaluation_set("cells", root))
    assert [sample.name for sample in samples] == ["d:1", "d:2", "d:255"]
    assert samples[0].image.dtype == np.uint16
    assert samples[0].image.max() == 55000
    assert not samples[0].ignore.any()


def test_test_sets_take_the_largest_median_and_smallest_object_of_each_image(root: Path) -> None:
    labels = np.zeros((40, 60), np.uint8)
    for label, area in enumerate((120, 99, 300, 101, 200), start=1):
        labels.reshape(-1)[400 * label : 400 * label + area] = label
    save(root / "x_test/images/e.png", np.zeros((40, 60), np.uint8))
    save(root / "x_test/masks/e.png", labels)
    assert [case.object_name for case in evaluation_set("x_test", root).cases] == ["3", "5", "4"]
    for sizes, smallest_area, expected in (
        ((), None, "12345"),
        ((), 101, "1345"),
        (("smallest",), None, "4"),
        (("smallest",), 1, "2"),
    ):
        found = evaluation_set("x_test", root, sizes=sizes, smallest_area=smallest_area)
        assert "".join(case.object_name for case in found.cases) == expected


def test_fewer_than_three_objects_are_taken_once_each() -> None:
    sizes = ("largest", "median", "smallest")
    assert of_sizes({"1": 200, "2": 200}, sizes) == ["2", "1"]
    assert of_sizes({}, sizes) == []


def test_no_more_annotations_are_read_than_are_asked_for(root: Path) -> None:
    for name in "abc":
        save(root / f"s/images/{name}.png", COLOUR)
        save(root / f"s/masks/{name}.png", LABELS)
    (root / "s/masks/c.png").write_bytes(b"not a picture")
    assert [case.name for case in evaluation_set("s", root, limit=3).cases] == ["a:1", "a:2", "b:1"]


@pytest.mark.parametrize("above", ["eval/berkeley", "data/eval/berkeley", "berkeley"])
def test_the_data_root_may_be_any_folder_above_the_sets(root: Path, above: str) -> None:
    save(root / above / "images/a.png", COLOUR)
    save(root / above / "masks/a.png", LABELS)
    assert len(evaluation_set("berkeley", root)) == 2
    assert len(evaluation_set("berkeley", root / above)) == 2


def test_a_missing_set_is_one_message_with_the_expected_tree(root: Path) -> None:
    with pytest.raises(DataError, match=r"data set 'davis', but .*root does not exist; name"):
        evaluation_set("davis", root)
    root.mkdir()
    with pytest.raises(DataError, match=r"(?s)data set 'davis' below .*gt/NAME"):
        evaluation_set("davis", root)


def test_a_set_without_any_object_is_named(root: Path) -> None:
    save(root / "s/images/a.png", COLOUR)
    save(root / "s/masks/a.png", np.zeros_like(LABELS))
    with pytest.raises(DataError, match="masks with at least one object"):
        evaluation_set("s", root)


def test_a_published_set_tells_how_many_objects_it_should_have(root: Path) -> None:
    for name in ("DAVIS", "frames"):
        save(root / name / "img/a.png", COLOUR)
        save(root / name / "gt/a.png", LABELS)
    whole = evaluation_set("davis", root)
    assert (len(whole), whole.expected_objects, whole.head(None).expected_objects) == (1, 345, 345)
    assert evaluation_set("davis", root / "frames").expected_objects == 345
    for some in (
        whole.head(1),
        evaluation_set("davis", root, limit=1),
        evaluation_set("davis", root, sizes=("largest",), smallest_area=0),
        evaluation_set("davis", root, smallest_area=2),
        evaluation_set("frames", root),
    ):
        assert some.expected_objects is None


def test_a_mask_without_image_is_named(root: Path) -> None:
    save(root / "s/images/a.png", COLOUR)
    save(root / "s/masks/b.png", LABELS)
    with pytest.raises(DataError, match=r"image named b\.\* for the mask"):
        evaluation_set("s", root)


def test_a_mask_of_another_size_is_named(root: Path) -> None:
    save(root / "s/images/a.png", COLOUR)
    save(root / "s/masks/a.png", LABELS[:2])
    with pytest.raises(DataError, match=r"\(3, 4\) pixels like its image, got \(2, 4\)"):
        next(iter(evaluation_set("s", root)))


def test_a_truncated_file_is_named(root: Path) -> None:
    save(root / "s/images/a.png", COLOUR)
    save(root / "s/masks/a.png", LABELS)
    broken = root / "s/images/a.png"
    broken.write_bytes(broken.read_bytes()[:40])
    with pytest.raises(DataError, match=r"could not read .*a\.png"):
        next(iter(evaluation_set("s", root)))


def test_pixels_are_read_only_when_a_sample_is_asked_for(root: Path) -> None:
    save(root / "s/images/a.png", COLOUR)
    save(root / "s/masks/a.png", LABELS)
    (root / "s/images/a.png").write_bytes(b"not a picture")
    assert len(evaluation_set("s", root).head(1)) == 1


def test_the_mirror_field_keeps_the_picture_at_its_centre() -> None:
    sample = Sample("a", COLOUR, LABELS == 2, LABELS == 255)
    placed = in_a_field_of_mirror_images(sample, 9)
    assert placed.image.shape == (9, 9, 3)
    centre = (slice(3, 6), slice(2, 6))
    np.testing.assert_array_equal(placed.image[centre], COLOUR)
    np.testing.assert_array_equal(placed.object_mask[centre], LABELS == 2)
    assert placed.object_mask.sum() == 3
    np.testing.assert_array_equal(placed.image[2, 2:6], COLOUR[0])
    np.testing.assert_array_equal(placed.image[3:6, 1], COLOUR[:, 0])


def test_in_the_mirror_field_only_what_continues_the_object_is_ignored() -> None:
    object_mask = np.zeros((4, 4), bool)
    object_mask[1, 3] = True  # at the right edge: goes on in the mirror image
    placed = in_a_field_of_mirror_images(
        Sample("a", np.zeros((4, 4)), object_mask, np.zeros((4, 4), bool)), 12
    )
    assert np.argwhere(placed.object_mask).tolist() == [[5, 7]]
    assert np.argwhere(placed.ignore).tolist() == [[5, 8]]


def test_a_picture_larger_than_the_field_stays_as_it_is() -> None:
    sample = Sample("a", COLOUR, LABELS == 2, LABELS == 255)
    placed = in_a_field_of_mirror_images(sample, 2)
    np.testing.assert_array_equal(placed.image, COLOUR)
    np.testing.assert_array_equal(placed.ignore, sample.ignore)


@pytest.mark.parametrize(
    ("name", "objects"),
    [("grabcut", 50), ("berkeley", 100), ("pascal_subset", 92), ("DSB2018_test", 143)],
)
def test_the_sets_are_complete(data_root: Path, name: str, objects: int) -> None:
    found = evaluation_set(name, data_root)
    assert len(found) == objects
    assert all(sample.object_mask.any() for sample in found.head(5))
