"""OME-Zarr images with labels, of both versions of the format."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from tests.training.data.writing import GREY, LABELS
from training.data.evaluation_sets import evaluation_set
from training.data.files import DataError
from training.data.source import open_source

IMAGE = np.stack([GREY, GREY + 100]).astype(np.uint16)


def write_pyramid(group: Any, array: np.ndarray[Any, Any], axes: str, version: str) -> None:
    kinds = {"t": "time", "c": "channel"}
    described = [{"name": axis, "type": kinds.get(axis, "space")} for axis in axes]
    scale = [{"type": "scale", "scale": [1.0] * len(axes)}]
    datasets = [{"path": str(i), "coordinateTransformations": scale} for i in range(2)]
    content: dict[str, Any] = {"multiscales": [{"axes": described, "datasets": datasets}]}
    put(group, content, version)
    for i, level in enumerate((array, array[..., ::2, ::2])):
        group.create_array(
            str(i), data=np.ascontiguousarray(level), chunks=(1,) * (array.ndim - 2) + (2, 2)
        )


def put(group: Any, content: dict[str, Any], version: str) -> None:
    group.attrs.update(content if version == "0.4" else {"ome": {"version": "0.5", **content}})


def write(
    path: Path, version: str, axes: str = "zyx", image: Any = IMAGE, labels: Any = None
) -> None:
    painted = (
        np.stack([LABELS, np.full(LABELS.shape, 300)]).astype(np.int32)
        if labels is None
        else labels
    )
    root = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    write_pyramid(root, image, axes, version)
    group = root.create_group("labels")
    put(group, {"labels": ["nuclei"]}, version)
    write_pyramid(group.create_group("nuclei"), painted, axes.replace("c", ""), version)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_planes_of_full_resolution_are_read_with_their_labels(tmp_path: Path, version: str) -> None:
    write(tmp_path / "mine/a.ome.zarr", version)
    for root in (tmp_path, tmp_path / "mine", tmp_path / "mine/a.ome.zarr"):
        name = "ome_zarr" if root.suffix else "mine"
        samples = list(evaluation_set(name, root))
        assert [s.name for s in samples] == [
            *["a/nuclei[0]:1", "a/nuclei[0]:2", "a/nuclei[0]:255"],
            "a/nuclei[1]:300",
        ]
        np.testing.assert_array_equal(samples[1].image, IMAGE[0])
        np.testing.assert_array_equal(samples[1].object_mask, LABELS == 2)
    source = open_source(tmp_path / "mine")
    assert [len(source[i].objects) for i in range(2)] == [3, 1]


def test_channels_are_colours_and_time_and_depth_are_planes(tmp_path: Path) -> None:
    image = np.arange(2 * 2 * 3 * 3 * 4, dtype=np.uint16).reshape(2, 2, 3, 3, 4)
    labels = np.ones((2, 3, 3, 4), np.uint8)
    write(tmp_path / "mine/a.zarr", "0.5", "tczyx", image, labels)
    samples = list(evaluation_set("mine", tmp_path))
    assert len(samples) == 6
    np.testing.assert_array_equal(samples[4].image[..., :2], image[1, :, 1].transpose(1, 2, 0))
    assert not samples[4].image[..., 2].any()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_damaged_stores_are_named(tmp_path: Path, version: str) -> None:
    path = tmp_path / "mine/a.zarr"
    write(path, version)
    group = zarr.open_group(path / "labels", mode="r+")
    put(group, {"labels": ["../../a"]}, version)
    with pytest.raises(DataError, match=r"names of the labels in .*labels"):
        evaluation_set("mine", tmp_path)
    put(group, {"labels": ["missing"]}, version)
    with pytest.raises(DataError, match=r"could not read .*missing"):
        evaluation_set("mine", tmp_path)
    write(path, version)
    shutil.rmtree(path / "0")
    with pytest.raises(DataError, match=r"multiscales .*a\.zarr"):
        evaluation_set("mine", tmp_path)


def test_labels_of_another_depth_are_named(tmp_path: Path) -> None:
    write(tmp_path / "mine/a.zarr", "0.5", labels=np.ones((3, 3, 4), np.uint8))
    with pytest.raises(DataError, match=r"labels with the 2 planes .*got 3"):
        evaluation_set("mine", tmp_path)
