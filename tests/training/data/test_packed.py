"""Prepared crops: they hold what the source has, and are read without decoding."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.training.data.writing import save, save_coco_lvis
from training.augment import make_sample
from training.data.__main__ import app, main
from training.data.files import DataError
from training.data.packed import INDEX, PIXELS, PackedPictures, crops_of, pack
from training.data.source import open_source


def test_small_pictures_are_packed_whole_and_give_the_same_samples(
    folder: Path, tmp_path: Path
) -> None:
    source = open_source(folder)
    assert pack(source, tmp_path / "crops", side=640) == 2
    packed = open_source(tmp_path / "crops")
    assert isinstance(packed, PackedPictures)
    np.testing.assert_allclose(packed.weights, source.weights)
    for i in range(2):
        np.testing.assert_array_equal(packed[i].image, source[i].image)
        np.testing.assert_array_equal(packed[i].labels, source[i].labels)
        assert packed[i].objects == source[i].objects
    samples = [
        make_sample(np.random.default_rng(4), pictures, size=(64, 64), objects=2, paste_share=1.0)
        for pictures in (source, packed)
    ]
    assert samples[0].image.equal(samples[1].image)
    assert samples[0].targets.equal(samples[1].targets)


def test_large_pictures_are_cut_into_crops_that_cover_every_object(folder: Path) -> None:
    picture = open_source(folder)[1]
    crops = list(crops_of(picture, side=64))
    seen = np.zeros(picture.labels.shape[1:], bool)
    for crop in crops:
        y, x = map(int, crop.name.partition("@")[2].split(","))
        height, width = crop.labels.shape[1:]
        assert max(height, width) <= 64
        np.testing.assert_array_equal(crop.image, picture.image[y : y + height, x : x + width])
        seen[y : y + height, x : x + width] = True
        for found in crop.objects:
            y0, x0, y1, x1 = found.box
            mask = crop.labels[found.layer] == found.value
            assert found.area == mask.sum() == mask[y0:y1, x0:x1].sum() > 0
    labelled = (picture.labels[0] > 0) & (picture.labels[0] < 255)
    assert seen[labelled].all()


def test_overlapping_objects_and_stuff_are_packed_too(tmp_path: Path) -> None:
    save_coco_lvis(tmp_path / "lvis", "train")
    source = open_source(tmp_path / "lvis")
    pack(source, tmp_path / "crops", side=640)
    assert open_source(tmp_path / "crops")[0].objects == source[0].objects


def test_a_pack_that_was_cut_short_or_changed_is_refused(folder: Path, tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    pack(open_source(folder), crops, side=640)
    pixels, index = (crops / PIXELS).read_bytes(), (crops / INDEX).read_text()
    (crops / PIXELS).write_bytes(pixels[:-1])
    with pytest.raises(DataError, match="pack them again"):
        open_source(crops)
    (crops / PIXELS).write_bytes(pixels)
    for content in ("", "{", "[]", json.dumps({**json.loads(index), "version": 9})):
        (crops / INDEX).write_text(content)
        with pytest.raises(DataError, match="pack them again"):
            open_source(crops)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_disk_is_told_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    (crops / PIXELS).symlink_to("/dev/full")
    with pytest.raises(DataError, match=rf"room for the crops .*{errno.errorcode and 'No space'}"):
        pack(open_source(folder), crops, side=640)
    assert not (crops / INDEX).exists()


def test_the_commands_check_pack_and_convert(folder: Path, tmp_path: Path) -> None:
    run = CliRunner()
    found = run.invoke(app, ["check", str(folder)])
    assert found.stdout == "set_drawn: 2 pictures, 3 objects\n"
    assert "2 crops in" in run.invoke(app, ["pack", str(folder), str(tmp_path / "c")]).stdout
    for part in ("train", "val"):
        save_coco_lvis(tmp_path / "lvis", part)
    assert (
        "val: 1 pictures converted" in run.invoke(app, ["convert", str(tmp_path / "lvis")]).stdout
    )
    assert (tmp_path / "lvis/val/annotation.json").is_file()
    assert "NAME.zarr/labels" in run.invoke(app, ["layouts"]).stdout


def test_what_is_wrong_is_told_without_a_stack_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save(folder / "masks/p0.png", np.ones((2, 2), np.uint8))
    for arguments, message in (
        (["check", str(folder)], r"error: (?s:.*)1 of 2 pictures are broken"),
        (["convert", str(tmp_path)], r"error: expected SPLIT/hannotation\.pickle"),
    ):
        monkeypatch.setattr("sys.argv", ["training.data", *arguments])
        with pytest.raises(SystemExit, match=message):
            main()
