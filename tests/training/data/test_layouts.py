"""Every layout of the table, on small files as they are published."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.writing import (
    COLOUR,
    FIRST,
    GREY,
    LABELS,
    SECOND,
    save,
    save_coco_lvis,
    save_instances,
    save_palette,
    save_text,
)
from training.data.evaluation_sets import evaluation_set
from training.data.files import DataError
from training.data.finding import find_set, recognised, simplified
from training.data.layouts import LAYOUTS, expected_tree
from training.data.source import open_source, sets_in
from training.data.validation import validation_set

OBJECT = np.where(FIRST | SECOND, 255, 0).astype(np.uint8)


def grabcut(root: Path) -> None:
    save(root / "GrabCut/data_GT/b.bmp", COLOUR)
    save(root / "GrabCut/boundary_GT/b.bmp", np.array([[0, 128, 255, 64]] * 3, np.uint8))


def berkeley(root: Path) -> None:
    save(root / "Berkeley/images-f-BRS/test/c.jpg", COLOUR)
    save(root / "Berkeley/masks-f-BRS/test/c.png", OBJECT)


def davis(root: Path) -> None:
    save(root / "DAVIS/img/bear_01.jpg", COLOUR)
    red = np.zeros((3, 4, 3), np.uint8)
    red[SECOND, 0] = 38
    save(root / "DAVIS/gt/bear_01.png", red)


def coco_mval(root: Path) -> None:
    save(root / "COCO_MVal/img/a boat 1.jpg", GREY)
    save(root / "COCO_MVal/gt/a boat 1.png", np.where(SECOND, 200, 38).astype(np.uint8))


def davis585(root: Path) -> None:
    save(root / "DAVIS585/bear/00012.jpg", COLOUR)
    save(root / "DAVIS585/bear/1_00012.png", OBJECT)
    save(root / "DAVIS585/bear/init_sp_1_00012.png", np.where(FIRST, 255, 0).astype(np.uint8))
    save(root / "DAVIS585/bear/init_stm_1_00012.png", np.where(SECOND, 255, 0).astype(np.uint8))


def sbd(root: Path) -> None:
    for part, name in (("train", "2008_000001"), ("val", "2008_000002")):
        save(root / f"SBD/dataset/img/{name}.jpg", COLOUR)
        save_instances(root / f"SBD/dataset/inst/{name}.mat", LABELS % 255)
        save_text(root / f"SBD/dataset/{part}.txt", f"{name}\n")


def voc(root: Path) -> None:
    base = root / "VOCdevkit/VOC2012"
    for part, name in (("train", "2007_000001"), ("val", "2007_000002")):
        save(base / f"JPEGImages/{name}.jpg", COLOUR)
        save_palette(base / f"SegmentationObject/{name}.png", LABELS)
        save_text(base / f"ImageSets/Segmentation/{part}.txt", f"{name}\n")


def coco_lvis(root: Path) -> None:
    for part in ("train", "val"):
        save_coco_lvis(root / "LVIS", part)


def coco(root: Path) -> None:
    for part in ("train", "val"):
        save(root / f"COCO/{part}2017/000000000139.jpg", COLOUR)
        square = [1.0, 0.0, 4.0, 0.0, 4.0, 2.0, 1.0, 2.0]
        content = {
            "images": [{"id": 139, "file_name": "000000000139.jpg", "height": 3, "width": 4}],
            "annotations": [
                {"id": 7, "image_id": 139, "category_id": 1, "iscrowd": 0, "segmentation": [square]}
            ],
            "categories": [{"id": 1, "name": "thing"}],
        }
        save_text(root / f"COCO/annotations/instances_{part}2017.json", json.dumps(content))


def folder(root: Path) -> None:
    save(root / "mine/images/a.png", COLOUR)
    save(root / "mine/labels/a.png", LABELS)


def napari(root: Path) -> None:
    save(root / "painted/a.png", COLOUR)
    save(root / "painted/a_labels.png", LABELS)


@pytest.mark.parametrize(
    ("write", "name", "kind", "names", "areas"),
    [
        (grabcut, "grabcut", "grabcut", ["b"], [3]),
        (berkeley, "berkeley", "berkeley", ["c"], [5]),
        (davis, "davis", "davis", ["bear_01"], [3]),
        (coco_mval, "coco_mval", "coco_mval", ["a boat 1"], [3]),
        (davis585, "davis585", "davis585", ["bear/1_00012"], [5]),
        (davis585, "DAVIS585-SP", "davis585_sp", ["bear/1_00012"], [5]),
        (sbd, "sbd", "sbd", ["2008_000002:1", "2008_000002:2"], [2, 3]),
        (voc, "voc", "voc", ["2007_000002:1", "2007_000002:2"], [2, 3]),
        (coco_lvis, "coco_lvis", "coco_lvis", ["000000000009:0", "000000000009:1"], [12, 12]),
        (coco, "coco", "coco", ["000000000139:7"], [6]),
        (folder, "mine", "folder", ["a:1", "a:2"], [2, 3]),
        (napari, "painted", "napari", ["a:1", "a:2", "a:255"], [2, 3, 1]),
    ],
)
def test_published_files_are_found_by_name_and_read(
    tmp_path: Path,
    write: Callable[[Path], None],
    name: str,
    kind: str,
    names: list[str],
    areas: list[int],
) -> None:
    write(tmp_path)
    assert find_set(name, tmp_path).layout.kind == kind
    samples = list(evaluation_set(name, tmp_path))
    assert [sample.name for sample in samples] == names
    assert [int(sample.object_mask.sum()) for sample in samples] == areas
    assert all(sample.image.shape[:2] == sample.object_mask.shape for sample in samples)


@pytest.mark.parametrize(
    ("write", "objects"),
    [
        (grabcut, 1),
        (davis, 1),
        (sbd, 2),
        (voc, 2),
        (coco_lvis, 3),
        (coco, 1),
        (folder, 2),
        (napari, 3),
    ],
)
def test_a_folder_is_recognised_by_what_lies_in_it_and_can_be_trained_on(
    tmp_path: Path, write: Callable[[Path], None], objects: int
) -> None:
    write(tmp_path)
    (inner,) = tmp_path.iterdir()
    for data in (inner, tmp_path):
        source = open_source(data)
        assert len(source) == 1
        assert len(source[0].objects) == objects


def test_files_that_are_no_pictures_do_not_matter(tmp_path: Path) -> None:
    folder(tmp_path)
    save_text(tmp_path / "mine/images/notes.txt", "no picture")
    save_text(tmp_path / "mine/objects.json", "{}")
    save_text(tmp_path / "mine/labels/._a.png", "what macOS puts beside a picture")
    assert len(evaluation_set("mine", tmp_path)) == 2


def test_grabcut_ignores_its_unknown_band(tmp_path: Path) -> None:
    grabcut(tmp_path)
    (sample,) = evaluation_set("grabcut", tmp_path)
    assert sample.object_mask[0].tolist() == [False, False, True, False]
    assert sample.ignore[0].tolist() == [False, True, False, False]


def test_masks_in_two_palette_colours_are_read_by_their_colours(tmp_path: Path) -> None:
    save(tmp_path / "grabcut/data_GT/b.bmp", COLOUR)
    indices = np.where(SECOND, 7, np.where(FIRST, 255, 0)).astype(np.uint8)
    save_palette(tmp_path / "grabcut/boundary_GT/b.png", indices)
    (sample,) = evaluation_set("grabcut", tmp_path)
    # colour 7 of the palette is (128, 128, 128), the last one white
    np.testing.assert_array_equal(sample.object_mask, FIRST)
    np.testing.assert_array_equal(sample.ignore, SECOND)


def test_repairs_begin_from_the_published_damaged_masks(tmp_path: Path) -> None:
    davis585(tmp_path)
    begins = {
        name: next(iter(evaluation_set(name, tmp_path))).initial_mask
        for name in ("davis585", "davis585_sp", "davis585_stm")
    }
    assert begins["davis585"] is None
    np.testing.assert_array_equal(begins["davis585_sp"], FIRST)
    np.testing.assert_array_equal(begins["davis585_stm"], SECOND)


def test_a_set_may_be_the_data_root_itself_under_any_name(tmp_path: Path) -> None:
    davis(tmp_path)
    (tmp_path / "DAVIS").rename(tmp_path / "frames_of_2016")
    assert len(evaluation_set("davis", tmp_path / "frames_of_2016")) == 1


def test_names_are_the_same_whatever_their_case_and_punctuation(tmp_path: Path) -> None:
    coco_mval(tmp_path)
    for name in ("COCO_MVal", "coco-mval", "COCOMVal", "mval"):
        assert find_set(name, tmp_path).layout.kind == "coco_mval"
    assert simplified("DAVIS-585") == "davis585"


def test_a_published_set_has_one_name_and_every_other_its_folder_s(tmp_path: Path) -> None:
    for write in (davis, davis585, folder):
        write(tmp_path)
    for name, shown in (
        ("DAVIS", "davis"),
        ("DAVIS-585-sp", "davis585_sp"),
        ("davis585_stm", "davis585_stm"),
        ("Mine", "mine"),
    ):
        assert evaluation_set(name, tmp_path).name == shown


def test_masks_of_an_unknown_set_in_img_and_gt_are_read_as_those_of_davis(tmp_path: Path) -> None:
    davis(tmp_path)
    found = recognised((tmp_path / "DAVIS").rename(tmp_path / "frames"))
    assert found is not None
    assert (found.name, found.layout.kind) == ("frames", "davis")


def test_training_and_validation_pictures_are_those_of_the_published_lists(tmp_path: Path) -> None:
    sbd(tmp_path)
    voc(tmp_path)
    assert open_source(None, "sbd", root=tmp_path)[0].name == "2008_000001"
    assert open_source(None, "voc", root=tmp_path)[0].name == "2007_000001"


def test_objects_of_sbd_that_hardly_fill_their_box_are_not_trained_on(tmp_path: Path) -> None:
    sbd(tmp_path)
    instances = np.zeros((40, 40), np.uint8)
    np.fill_diagonal(instances, 1)
    instances[5:9, 20:30] = 2
    save(tmp_path / "SBD/dataset/img/2008_000001.jpg", np.zeros((40, 40, 3), np.uint8))
    save_instances(tmp_path / "SBD/dataset/inst/2008_000001.mat", instances)
    assert [o.value for o in open_source(tmp_path / "SBD")[0].objects] == [2]


@pytest.mark.parametrize(
    ("write", "missing", "message"),
    [
        (grabcut, "GrabCut/data_GT/b.bmp", r"image named b\.\* for the mask"),
        (grabcut, "GrabCut/boundary_GT/b.bmp", r"mask named b\.\* for the image .*b\.bmp"),
        (berkeley, "Berkeley/masks-f-BRS/test/c.png", r"mask named c\.\* for the image"),
        (davis, "DAVIS/gt/bear_01.png", r"mask named bear_01\.\* for the image"),
        (coco_mval, "COCO_MVal/gt/a boat 1.png", r"mask named a boat 1\.\* for the image"),
        (sbd, "SBD/dataset/inst/2008_000002.mat", r"2008_000002\.mat of the set's list"),
        (sbd, "SBD/dataset/val.txt", r"list of names"),
        (
            voc,
            "VOCdevkit/VOC2012/JPEGImages/2007_000002.jpg",
            r"2007_000002\.jpg of the set's list",
        ),
        (davis585, "DAVIS585/bear/init_sp_1_00012.png", r"init_sp_1_00012\.png for the mask"),
        (coco, "COCO/val2017/000000000139.jpg", r"picture 000000000139\.jpg"),
        (coco_lvis, "LVIS/val2017/000000000009.jpg", r"000000000009\.jpg of the annotations"),
        (napari, "painted/a.png", r"image named a\.\* for the mask"),
    ],
)
def test_a_missing_file_is_named_with_the_tree_that_is_expected(
    tmp_path: Path, write: Callable[[Path], None], missing: str, message: str
) -> None:
    write(tmp_path)
    (tmp_path / missing).unlink()
    name = {"painted": "painted", "LVIS": "coco_lvis", "DAVIS585": "davis585_sp"}.get(
        missing.split("/")[0], missing.split("/")[0]
    )
    with pytest.raises(DataError, match=rf"(?s){message}.*DIR/\n"):
        evaluation_set(name, tmp_path)


def test_berkeley_must_be_complete_in_plain_folders_too(tmp_path: Path) -> None:
    for name in "ab":
        save(tmp_path / f"berkeley/images/{name}.png", COLOUR)
    save(tmp_path / "berkeley/masks/a.png", OBJECT)
    assert find_set("berkeley", tmp_path).layout.kind == "berkeley"
    with pytest.raises(DataError, match=r"mask named b\.\* for the image"):
        evaluation_set("berkeley", tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            ["images/a.png", "images/a.jpg", "masks/a.png"],
            r"image named a\.\* .*a\.jpg and .*a\.png",
        ),
        (["images/a.png", "masks/a.png", "masks/a.bmp"], r"name a, found .*a\.bmp and .*a\.png"),
        (["a.png", "a.jpg", "a_labels.png"], r"image named a\.\* .*a\.jpg and .*a\.png"),
        (
            ["a.png", "a_labels.png", "a-labels.png"],
            r"name a, found .*a-labels\.png and .*a_labels",
        ),
    ],
)
def test_two_files_that_could_be_meant_are_both_named(
    tmp_path: Path, files: list[str], message: str
) -> None:
    for name in files:
        save(tmp_path / "s" / name, LABELS if "a_" in name or "masks" in name else COLOUR)
    with pytest.raises(DataError, match=message):
        evaluation_set("s", tmp_path)


def test_a_missing_set_shows_how_it_has_to_lie(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)data set 'SBD' below .*sbd/ +img/NAME\.jpg  inst/"):
        find_set("SBD", tmp_path)
    with pytest.raises(DataError, match=r"(?s)'nobody' below .*grabcut/.*NAME\.zarr/labels"):
        find_set("nobody", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"(?s)a folder of sets in .*grabcut/"):
        open_source(tmp_path / "empty")


def test_a_folder_that_does_not_exist_is_called_so(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    for looks in (open_source, sets_in, validation_set, partial(find_set, "grabcut")):
        with pytest.raises(DataError, match=r"but .*nowhere does not exist"):
            looks(missing)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("grabcu", "grabcut"),
        ("Davis-585-st", "davis585_stm"),
        ("sampel", "sample"),
        ("mice1", "mice"),
    ],
)
def test_a_name_that_is_nearly_right_gives_the_right_one(
    tmp_path: Path, name: str, meant: str
) -> None:
    save(tmp_path / "eval/mice/images/a.png", COLOUR)
    save(tmp_path / "eval/mice/masks/a.png", LABELS)
    with pytest.raises(DataError, match=rf"^{name} is not known; did you mean {meant}\?$"):
        evaluation_set(name, tmp_path)


def test_every_kind_stands_in_the_expected_tree_and_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs/data.md").read_text(encoding="utf-8")
    for layout in LAYOUTS:
        assert layout.tree in expected_tree()
        assert f"`{layout.kind}`" in page
    assert recognised(Path(__file__).parent) is None
