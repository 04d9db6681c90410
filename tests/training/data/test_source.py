"""Sources: found, weighed, split, checked, and read when a picture is asked for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.test_layouts import sbd, voc
from tests.training.data.writing import COLOUR, LABELS, save, save_coco_lvis
from training.data.__main__ import check as check_folder
from training.data.files import DataError
from training.data.source import (
    KEPT_BYTES,
    LazyPictures,
    check,
    open_source,
    pictures_of,
    set_weights,
    sets_in,
    unread_pictures,
)
from training.data.validation import validation_set


def test_a_folder_gives_pictures_with_their_objects(folder: Path) -> None:
    source = open_source(folder)
    assert [len(source[i].objects) for i in range(len(source))] == [1, 2]
    first, second = source[1].objects
    assert (first.value, first.area, first.box) == (1, 2000, (20, 20, 70, 60))
    assert second.box == (50, 90, 100, 140)
    assert source[0].image.shape == (120, 160, 3)


def test_sets_count_as_the_root_of_their_size() -> None:
    weights = set_weights(["a", "a", "a", "a", "b"])
    assert weights.sum() == pytest.approx(1)
    assert weights[:4].sum() == pytest.approx(2 * weights[4])


def test_a_set_s_factor_counts_among_its_own_kind() -> None:
    names = ["micro_a", "micro_b", "photo_a", "photo_b"]
    weights = set_weights(names, {"micro_a": 3, "photo_c": 5})
    np.testing.assert_allclose(weights, [3 / 8, 1 / 8, 1 / 4, 1 / 4])


def test_half_of_the_pictures_are_microscopy_where_there_are_photographs_too() -> None:
    weights = set_weights(["micro_a", "photo_a", "photo_a", "photo_b", "micro_b"])
    assert weights[[0, 4]].sum() == pytest.approx(0.5)
    assert weights[0] == pytest.approx(weights[4])
    assert set_weights(["micro_a"]).tolist() == [1.0]


def test_all_sets_of_a_folder_are_drawn_from_whatever_their_layouts(
    folder: Path, tmp_path: Path
) -> None:
    save(tmp_path / "painted/a.png", COLOUR)
    save(tmp_path / "painted/a_labels.png", LABELS)
    source = open_source(tmp_path)
    assert {source[i].set_name for i in range(len(source))} == {folder.name, "painted"}


def test_a_publisher_s_folder_does_not_hide_the_sets_beside_it(
    folder: Path, tmp_path: Path
) -> None:
    voc(tmp_path)
    sbd(tmp_path / "there")
    (tmp_path / "there/SBD").rename(tmp_path / "benchmark_RELEASE")
    found = sets_in(tmp_path)
    assert [s.name for s in found] == ["VOCdevkit", "benchmark_RELEASE", folder.name]
    assert [s.folder for s in sets_in(tmp_path / "VOCdevkit")] == [tmp_path / "VOCdevkit/VOC2012"]


def test_a_folder_has_its_name_from_within_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert [found.name for found in sets_in(Path())] == [folder.name]
    monkeypatch.chdir(folder / "images")
    assert [found.name for found in sets_in(Path(".."))] == [folder.name]


def test_the_command_counts_images_without_a_mask(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder / "images/alone.png", COLOUR)
    for name in ("a.png", "a_labels.png", "alone.png"):
        save(tmp_path / "painted" / name, COLOUR[..., 0])
    check_folder(tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        "painted: 1 pictures, 11 objects; images without a mask: 1",
        f"{folder.name}: 2 pictures, 3 objects; images without a mask: 1",
    ]


def test_the_command_tells_of_all_that_is_wrong_in_all_sets(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder / "images/alone.png", COLOUR)
    (folder / "images/p0.png").write_bytes(b"not a picture")
    for name in ("a.png", "a_labels.png"):
        save(tmp_path / "painted" / name, COLOUR[..., 0])
    (tmp_path / "painted/a.png").write_bytes(b"not a picture either")
    with pytest.raises(DataError, match=r"(?s)painted: 1 of 1 .*a\.png.*: 1 of 2 .*p0\.png"):
        check_folder(tmp_path)
    printed = capsys.readouterr()
    assert f"{folder.name}: not all in order; images without a mask: 1\n" in printed.out
    assert printed.err.endswith("\n")  # the bar's line is ended before an error is told


def test_a_set_may_lack_a_part(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_coco_lvis(tmp_path / "LVIS", "train")
    save_coco_lvis(tmp_path / "alone/LVIS", "train")
    check_folder(tmp_path / "LVIS")
    assert capsys.readouterr().out == "LVIS, train: 1 pictures, 3 objects\n"
    assert {case.name.partition("/")[0] for case in validation_set(tmp_path).cases} == {folder.name}
    with pytest.raises(DataError, match=r"pictures for validation in .*alone, found none"):
        validation_set(tmp_path / "alone")


def test_pictures_with_parts_of_their_own_do_not_make_the_others_be_split(
    folder: Path, tmp_path: Path
) -> None:
    sbd(tmp_path)
    names = ["2008_000001"] * 200
    (tmp_path / "SBD/dataset/train.txt").write_text("\n".join(names), encoding="utf-8")
    for part, own in (("train", 200), ("val", 1)):
        assert len(unread_pictures(sets_in(tmp_path), part)) == own + 2


def test_processes_of_a_machine_share_the_memory_and_one_shows_the_bar(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pictures_of(sets_in(folder)).room == KEPT_BYTES
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    for rank, shown in (("0", True), ("1", False)):
        monkeypatch.setenv("LOCAL_RANK", rank)
        source = pictures_of(sets_in(folder))
        assert source.room == KEPT_BYTES // 4
        check(source)
        assert ("checking pictures" in capsys.readouterr().err) == shown


def test_pictures_are_read_when_they_are_asked_for_and_kept_while_there_is_room(
    folder: Path,
) -> None:
    source = pictures_of(sets_in(folder))
    size = 120 * 160 * 4
    small = LazyPictures(source.unread, source.weights, room=size)
    assert small[0] is small[0]
    assert small[1] is not small[1]
    assert small.room == 0


def test_broken_pictures_are_told_at_once_and_by_name(folder: Path) -> None:
    (folder / "images" / "p0.png").write_bytes(b"not a picture")
    (folder / "masks" / "p1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"(?s)2 of 2 pictures are broken.*p0\.png.*p1\.png"):
        open_source(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read every file")
def test_a_file_that_may_not_be_read_is_named(folder: Path) -> None:
    (folder / "images" / "p0.png").chmod(0)
    with pytest.raises(DataError, match=r"p0\.png"):
        open_source(folder)


def test_of_a_large_source_some_pictures_are_checked(folder: Path) -> None:
    (folder / "images" / "p1.png").write_bytes(b"not a picture")
    source = pictures_of(sets_in(folder))
    assert check(source, most=1) == 1
    with pytest.raises(DataError, match="1 of 2 pictures"):
        check(source, most=2)


def test_masks_without_any_object_are_told(folder: Path) -> None:
    for name in ("p0", "p1"):
        save(folder / f"masks/{name}.png", np.zeros((120, 160), np.uint8))
    with pytest.raises(DataError, match="all masks are empty"):
        open_source(folder)


@pytest.mark.parametrize("few", [True, False])
def test_parts_of_a_folder_are_sets_for_training_and_validation_alike(
    tmp_path: Path, folder: Path, few: bool
) -> None:
    for part in ("train", "val"):
        for name in ("images", "masks"):
            (tmp_path / part / name).mkdir(parents=True)
            content = (folder / name / "p0.png").read_bytes()
            for i in range(20 if few else 60):
                (tmp_path / part / name / f"{part}{i}.png").write_bytes(content)
    shutil.rmtree(folder)
    named, below = open_source(tmp_path), open_source(None, root=tmp_path)
    trained = {(p.found.name, p.entry.name) for p in named.unread}
    assert {(p.found.name, p.entry.name) for p in below.unread} == trained
    found = validation_set(tmp_path)
    measured = {tuple(case.name.removesuffix(":1").split("/")) for case in found.cases}
    assert bool(measured & trained) == few
    assert ("40 of the pictures held out are trained on, too" in found.remark) == few
    assert found.head(1).remark == found.remark


def test_the_validation_set_is_what_training_holds_out(tmp_path: Path, folder: Path) -> None:
    root = tmp_path / "data" / "train"
    for name in ("images", "masks"):
        (root / "many" / name).mkdir(parents=True)
        content = (folder / name / "p0.png").read_bytes()
        for i in range(120):
            (root / "many" / name / f"n{i}.png").write_bytes(content)
    found = validation_set(tmp_path)
    trained = pictures_of(sets_in(root))
    names = {f"many/{picture.entry.name}:1" for picture in trained.unread}
    assert len(names) < 120
    assert len(names) + len(found) == 120  # of few sets all are measured
    assert not names & {case.name for case in found.cases}
    assert [c.name for c in validation_set(root).cases] == [c.name for c in found.cases]
    assert next(iter(found)).object_mask.sum() == 2821
