"""The sample set: pictures of scikit-image's wheel with masks of this project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from training.data import sample
from training.data.evaluation_sets import DataError, evaluation_set


def test_it_needs_no_data_root(tmp_path: Path) -> None:
    found = evaluation_set("Sample", tmp_path / "nowhere")
    assert found.name == "sample"
    assert [case.name for case in found.cases] == [
        "astronaut",
        "cell",
        "chelsea",
        "coffee",
        *(f"coins:{label}" for label in (1, 2, 3, 4)),
        "hubble_deep_field",
        "rocket",
    ]


def test_objects_are_single_pieces_of_many_sizes_within_their_pictures(tmp_path: Path) -> None:
    areas = []
    for one in evaluation_set("sample", tmp_path):
        assert one.image.shape[:2] == one.object_mask.shape
        assert not one.ignore.any()
        assert ndimage.label(one.object_mask)[1] == 1
        assert not ndimage.binary_fill_holes(one.object_mask)[~one.object_mask].any()
        inner = one.object_mask[1:-1, 1:-1]
        assert inner.sum() == one.object_mask.sum()
        areas.append(int(inner.sum()))
    assert max(areas) > 40 * min(areas)
    assert min(areas) > 1000


def test_borders_of_the_masks_lie_on_edges_of_the_pictures(tmp_path: Path) -> None:
    for one in evaluation_set("sample", tmp_path):
        grey = one.image.astype(float)
        grey = grey if grey.ndim == 2 else grey @ [0.3, 0.6, 0.1]
        edges = ndimage.gaussian_gradient_magnitude(grey, 1.5)
        mask = one.object_mask
        border = mask ^ ndimage.binary_erosion(mask)
        near = ndimage.binary_dilation(mask, iterations=20) & ~ndimage.binary_dilation(
            mask, iterations=6
        )
        assert np.median(edges[border]) > 1.5 * np.median(edges[near]), one.name


def test_masks_are_small_files() -> None:
    files = list(sample.MASKS.glob("*.png"))
    assert {file.stem for file in files} == set(sample.FILES)
    assert sum(file.stat().st_size for file in files) < 20_000


def test_a_scikit_image_without_the_pictures_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "PICTURES", tmp_path)
    with pytest.raises(DataError, match=r"expected scikit-image's picture astronaut.png in"):
        evaluation_set("sample", tmp_path)
