"""COCO's JSON format: polygons, RLE, crowds, and files of other origins."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from tests.training.data.writing import COLOUR, save, save_text
from training.data.coco import coco, coco_parts
from training.data.files import DataError
from training.data.source import sets_in, unread_pictures

BIG = np.zeros((3, 4), np.uint8)
BIG[:, :3] = 1
SMALL = np.zeros((3, 4), np.uint8)
SMALL[1, 1:] = 1


def rle(mask: np.ndarray[Any, Any]) -> dict[str, Any]:
    found = coco_mask.encode(np.asfortranarray(mask))
    return {"size": found["size"], "counts": found["counts"].decode()}


def uncompressed(mask: np.ndarray[Any, Any]) -> dict[str, Any]:
    values = mask.ravel(order="F")
    borders = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    counts = [b - a for a, b in pairwise(borders)]
    return {"size": [3, 4], "counts": counts if values[0] == 0 else [0, *counts]}


def write(
    root: Path, annotations: list[dict[str, Any]], name: str = "export.json", **image: Any
) -> None:
    picture = {"id": 5, "file_name": "a.png", "height": 3, "width": 4} | image
    numbered = [
        {"id": i, "image_id": 5, "category_id": 1, "iscrowd": 0} | own
        for i, own in enumerate(annotations, start=1)
    ]
    content = {"images": [picture], "annotations": numbered, "categories": [{"id": 1, "name": "t"}]}
    save_text(root / name, json.dumps(content))
    save(root / "images/a.png", COLOUR)


def test_overlapping_instances_are_read_whole(tmp_path: Path) -> None:
    write(tmp_path, [{"segmentation": rle(SMALL)}, {"segmentation": uncompressed(BIG)}])
    (entry,) = coco(tmp_path, "train")
    _, annotation = entry.read()
    assert list(annotation.objects) == ["1", "2"]
    np.testing.assert_array_equal(annotation.mask("1"), SMALL)
    np.testing.assert_array_equal(annotation.mask("2"), BIG)
    assert len(annotation.layers) == 2


def test_crowds_are_ignored_where_no_object_is(tmp_path: Path) -> None:
    write(
        tmp_path, [{"segmentation": rle(SMALL)}, {"segmentation": uncompressed(BIG), "iscrowd": 1}]
    )
    _, annotation = coco(tmp_path, "val")[0].read()
    assert list(annotation.objects) == ["1"]
    np.testing.assert_array_equal(annotation.ignore, (BIG > 0) & (SMALL == 0))


def test_lvis_names_its_pictures_by_their_address(tmp_path: Path) -> None:
    write(
        tmp_path,
        [{"segmentation": rle(SMALL)}],
        "annotations/lvis_v1_val.json",
        file_name=None,
        coco_url="http://images.cocodataset.org/val2017/a.png",
    )
    assert coco(tmp_path, "val")[0].name == "a"


def test_of_several_files_the_part_s_is_taken(tmp_path: Path) -> None:
    write(tmp_path, [{"segmentation": rle(SMALL)}], "annotations/instances_val2017.json")
    save_text(tmp_path / "annotations/instances_train2017.json", "{}")
    save_text(tmp_path / "annotations/captions_val2017.json", "{}")
    assert len(coco(tmp_path, "val")) == 1
    save_text(tmp_path / "annotations/instances_other_val.json", "{}")
    with pytest.raises(DataError, match=r"instances_val2017\.json or one JSON file"):
        coco(tmp_path, "val")


def test_a_part_is_a_whole_word_of_a_file_s_name(tmp_path: Path) -> None:
    for name in ("train.json", "evaluation.json", "valid.json"):
        write(tmp_path, [{"segmentation": rle(SMALL)}], name, file_name=f"{name}.png")
        save(tmp_path / f"images/{name}.png", COLOUR)
    assert coco_parts(tmp_path) == ("train", "val")
    assert [coco(tmp_path, part)[0].name for part in ("train", "val")] == [
        "train.json",
        "valid.json",
    ]
    (tmp_path / "valid.json").unlink()
    assert coco_parts(tmp_path) == ("train",)


def test_pictures_of_a_single_file_are_divided_by_their_names(tmp_path: Path) -> None:
    pictures = [{"id": i, "file_name": f"{i}.png", "height": 3, "width": 4} for i in range(1, 121)]
    annotations = [
        {"id": i, "image_id": i, "category_id": 1, "iscrowd": 0, "segmentation": rle(SMALL)}
        for i in range(1, 121)
    ]
    content = {"images": pictures, "annotations": annotations, "categories": [{"id": 1}]}
    save_text(tmp_path / "set/export.json", json.dumps(content))
    for i in range(1, 121):
        save(tmp_path / f"set/images/{i}.png", COLOUR)
    train, val = (
        {picture.entry.name for picture in unread_pictures(sets_in(tmp_path), part)}
        for part in ("train", "val")
    )
    assert train
    assert val
    assert not train & val
    assert len(train | val) == 120


def test_a_picture_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    save(tmp_path / "secret.png", COLOUR)
    write(tmp_path / "set", [{"segmentation": rle(SMALL)}], file_name="../secret.png")
    with pytest.raises(DataError, match=r"picture \.\./secret\.png"):
        coco(tmp_path / "set", "val")


@pytest.mark.parametrize(
    "segmentation", ["text", [[1.0, 2.0, "x", 1, 1, 1]], {"size": [3, 4]}, {"counts": 3}]
)
def test_a_segmentation_of_another_kind_is_named(tmp_path: Path, segmentation: Any) -> None:
    write(tmp_path, [{"segmentation": segmentation}])
    with pytest.raises(DataError, match=r"annotation 1 of .*export\.json"):
        coco(tmp_path, "val")[0].read()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"images": [{}], "annotations": [{"image_id": 1}]}']
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, text: str) -> None:
    save_text(tmp_path / "some.json", text)
    with pytest.raises(DataError, match=r"COCO's format, got .*some\.json"):
        coco(tmp_path, "val")
