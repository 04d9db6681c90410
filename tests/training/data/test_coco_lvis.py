"""COCO+LVIS, as it is published and as it is converted."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.writing import save_coco_lvis, save_pickle
from training.data.coco_lvis import coco_lvis, convert
from training.data.files import DataError
from training.data.pictures import read_picture
from training.data.source import open_source
from training.targets import asked_for


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_things_are_those_inside_no_other_and_may_overlap(tmp_path: Path, protocol: int) -> None:
    save_coco_lvis(tmp_path, protocol=protocol)
    (entry,) = coco_lvis(tmp_path, "val")
    _, annotation = entry.read()
    assert list(annotation.objects) == ["0", "1", "3"]
    assert annotation.mask("0")[:2].all()
    assert annotation.mask("1")[1:3].all()
    assert (annotation.mask("0") & annotation.mask("1")).sum() == 6


def test_the_converted_files_give_the_same_without_the_pickles(tmp_path: Path) -> None:
    save_coco_lvis(tmp_path)
    _, before = coco_lvis(tmp_path, "val")[0].read()
    assert convert(tmp_path, "val") == 1
    (tmp_path / "val/hannotation.pickle").unlink()
    (tmp_path / "val/masks/000000000009.pickle").unlink()
    _, after = coco_lvis(tmp_path, "val")[0].read()
    np.testing.assert_array_equal(before.layers, after.layers)
    assert (before.objects, before.stuff) == (after.objects, after.stuff)


def test_numbers_of_pictures_may_be_integers(tmp_path: Path) -> None:
    save_coco_lvis(tmp_path)
    path = tmp_path / "val/hannotation.pickle"
    summaries = pickle.loads(path.read_bytes())
    save_pickle(path, {int(name): summary for name, summary in summaries.items()})
    assert [entry.name for entry in coco_lvis(tmp_path, "val")] == ["000000000009"]
    assert convert(tmp_path, "val") == 1
    assert [entry.name for entry in coco_lvis(tmp_path, "val")] == ["000000000009"]


def test_stuff_is_asked_for_in_some_of_the_pictures(tmp_path: Path) -> None:
    save_coco_lvis(tmp_path, "train")
    picture = open_source(tmp_path)[0]
    assert [(o.layer, o.value, o.stuff) for o in picture.objects] == [
        (0, 1, False),
        (1, 1, False),
        (1, 3, True),
    ]
    rng = np.random.default_rng(0)
    counts = [len(asked_for(rng, picture)) for _ in range(1000)]
    assert 250 < counts.count(3) < 350
    assert counts.count(2) + counts.count(3) == 1000


def test_a_value_of_255_is_an_object_there_and_not_ignored(tmp_path: Path) -> None:
    save_coco_lvis(tmp_path)
    (entry,) = coco_lvis(tmp_path, "val")
    _, annotation = entry.read()
    layers = annotation.layers.copy()
    layers[1][layers[1] == 1] = 255
    object.__setattr__(annotation, "layers", layers)
    object.__setattr__(annotation, "objects", {"0": (0, 1), "1": (1, 255)})
    object.__setattr__(entry, "annotation", lambda: annotation)
    picture = read_picture(entry, "x")
    assert [o.area for o in picture.objects] == [12, 12]
    assert not (picture.labels == 255).any()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("hannotation.pickle", ["no", "dictionary"], "num_instance_masks"),
        ("hannotation.pickle", {"9": {"hierarchy": {}}}, "num_instance_masks"),
        ("hannotation.pickle", {"../../secret": {}}, "num_instance_masks"),
        (
            "masks/000000000009.pickle",
            ([np.arange(9, dtype=np.uint8)], [(0, 1)] * 4),
            "layers of one size",
        ),
        ("masks/000000000009.pickle", "nothing", "PNG layers"),
        ("masks/000000000009.pickle", ([], []), "layers of one size"),
    ],
)
def test_files_with_other_content_are_named(
    tmp_path: Path, name: str, content: object, message: str
) -> None:
    save_coco_lvis(tmp_path)
    save_pickle(tmp_path / "val" / name, content)
    with pytest.raises(DataError, match=message):
        coco_lvis(tmp_path, "val")[0].read()


def test_a_mask_without_its_layer_is_named(tmp_path: Path) -> None:
    save_coco_lvis(tmp_path)
    path = tmp_path / "val/masks/000000000009.pickle"
    from training.data.safe_pickle import plain, read_plain_pickle

    pngs, _ = read_plain_pickle(path)
    save_pickle(path, ([plain(png) for png in pngs], [(0, 1), (7, 1), (1, 2), (1, 3)]))
    with pytest.raises(DataError, match="a layer and a value for each mask"):
        coco_lvis(tmp_path, "val")[0].read()
