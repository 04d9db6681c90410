"""Folders of pictures, and the samples made of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from training.augment import choose_crop, make_sample
from training.data.folders import (
    DataError,
    in_validation,
    mask_files,
    picture_weights,
    read_folders,
    read_picture,
)
from training.data.validation import validation_set


def test_a_folder_gives_pictures_with_their_objects(folder: Path) -> None:
    pictures = read_folders(folder)
    assert [len(p.objects) for p in pictures] == [1, 2]
    first, second = pictures[1].objects
    assert (first.value, first.area, first.box) == (1, 2000, (20, 20, 70, 60))
    assert second.box == (50, 90, 100, 140)
    assert pictures[0].image.shape == (120, 160, 3)


def test_grey_pictures_are_stretched_as_the_predictor_shows_them(folder: Path) -> None:
    grey = np.full((120, 160), 100, np.uint8)
    grey[40:80] = 140
    cv2.imwrite(str(folder / "images" / "p0.png"), grey)
    image = read_picture(folder / "masks" / "p0.png").image
    assert (int(image.min()), int(image.max())) == (0, 255)


def test_validation_and_training_share_no_picture() -> None:
    names = [f"picture{i}" for i in range(2000)]
    held_out = [n for n in names if in_validation("some_set", n)]
    assert 50 < len(held_out) < 150
    assert in_validation("s", "a#001") == in_validation("s", "a#002")


def test_a_mask_without_its_image_is_named(folder: Path) -> None:
    (folder / "images" / "p0.png").unlink()
    with pytest.raises(DataError, match="Expected an image named p0"):
        read_folders(folder)


def test_a_damaged_picture_is_named(folder: Path) -> None:
    (folder / "images" / "p0.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"p0\.png cannot be decoded"):
        read_folders(folder)


def test_an_empty_folder_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="SET/images/NAME"):
        mask_files(tmp_path, validation=False)


def test_sets_count_as_the_root_of_their_size(folder: Path) -> None:
    first, second = read_folders(folder)
    weights = picture_weights(
        [
            first,
            first,
            first,
            first,
            second.__class__("x", "another", second.image, second.labels, second.objects),
        ]
    )
    assert weights[:4].sum() == pytest.approx(2 * weights[4])


def test_samples_are_a_function_of_their_seed(folder: Path) -> None:
    pictures = read_folders(folder)
    weights = picture_weights(pictures)
    samples = [
        make_sample(np.random.default_rng((1, i)), pictures, weights, size=64, objects=2)
        for i in (0, 0, 1)
    ]
    assert torch.equal(samples[0].image, samples[1].image)
    assert torch.equal(samples[0].targets, samples[1].targets)
    assert not torch.equal(samples[0].image, samples[2].image)


def test_samples_show_the_object_they_ask_for(folder: Path) -> None:
    pictures = read_folders(folder)
    weights = picture_weights(pictures)
    for seed in range(60):
        sample = make_sample(np.random.default_rng(seed), pictures, weights, size=64, objects=2)
        assert sample.image.shape == (3, 64, 64)
        assert sample.targets.shape == (2, 64, 64)
        assert set(sample.targets.unique().tolist()) <= {-1, 0, 1}
        assert (sample.visible > 0).all()
        assert (sample.visible <= 1).all()


def test_crops_lie_inside_the_picture_and_touch_the_object(folder: Path) -> None:
    picture = read_folders(folder)[1]
    for seed in range(200):
        rng = np.random.default_rng(seed)
        target = picture.objects[seed % 2]
        y0, x0, height, width = choose_crop(rng, picture, target)
        assert 0 <= y0 <= y0 + height <= 120
        assert 0 <= x0 <= x0 + width <= 160
        assert (picture.labels[y0 : y0 + height, x0 : x0 + width] == target.value).any()


def test_masks_of_other_kinds_are_read_or_refused(folder: Path) -> None:
    path = folder / "masks" / "p1.png"
    labels = read_picture(path).labels
    palette = Image.fromarray(labels).convert("P")
    palette.putdata(labels.ravel().tolist())
    palette.save(path)
    assert np.array_equal(read_picture(path).labels, labels)
    cv2.imwrite(str(path), labels.astype(np.uint16))
    assert np.array_equal(read_picture(path).labels, labels)
    cv2.imwrite(str(path), labels.astype(np.uint16) * 200)
    with pytest.raises(DataError, match="renumber its objects"):
        read_picture(path)
    cv2.imwrite(str(path), np.repeat(labels[..., None], 3, axis=2))
    with pytest.raises(DataError, match="is in colour"):
        read_picture(path)


def test_the_validation_set_is_what_training_holds_out(tmp_path: Path, folder: Path) -> None:
    root = tmp_path / "data" / "train"
    for name in ("images", "masks"):
        (root / "many" / name).mkdir(parents=True)
        source = (folder / name / "p0.png").read_bytes()
        for i in range(120):
            (root / "many" / name / f"n{i}.png").write_bytes(source)
    found = validation_set(tmp_path)
    assert len(found) == 3
    assert all(in_validation("many", case.mask_path.stem) for case in found.cases)
    assert [c.name for c in validation_set(root).cases] == [c.name for c in found.cases]
    assert next(iter(found)).object_mask.sum() == 2821
