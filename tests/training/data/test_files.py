"""Planes of image and mask files, whole and broken."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.training.data.writing import COLOUR, GREY, LABELS, save
from training.data.codings import labels, labels_or_trimap, painted
from training.data.evaluation_sets import evaluation_set
from training.data.files import DataError, plane_count, read_image, read_mask
from training.data.source import open_source, sets_in, unread_pictures

STACK = np.stack([GREY, GREY[::-1], GREY * 2]).astype(np.uint16) * 300


def write(path: Path, array: np.ndarray[Any, Any], **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize(
    ("shape", "options", "planes", "plane_shape"),
    [
        ((3, 4), {}, 1, (3, 4)),
        ((3, 4, 3), {"photometric": "rgb"}, 1, (3, 4, 3)),
        ((5, 3, 4), {"photometric": "minisblack"}, 5, (3, 4)),
        ((5, 3, 4), {"photometric": "minisblack", "compression": "zlib"}, 5, (3, 4)),
        ((2, 5, 3, 4), {"imagej": True, "metadata": {"axes": "TZYX"}}, 10, (3, 4)),
        ((5, 2, 3, 4), {"imagej": True, "metadata": {"axes": "ZCYX"}}, 5, (3, 4, 3)),
        (
            (4, 3, 4),
            {"ome": True, "photometric": "minisblack", "metadata": {"axes": "CYX"}},
            1,
            (3, 4, 3),
        ),
        (
            (1, 3, 4),
            {"ome": True, "photometric": "minisblack", "metadata": {"axes": "CYX"}},
            1,
            (3, 4),
        ),
    ],
)
def test_planes_of_a_tiff_are_those_of_its_axes(
    tmp_path: Path,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    options: dict[str, Any],
    planes: int,
    plane_shape: tuple[int, ...],
) -> None:
    array = rng.integers(1, 60000, shape).astype(np.uint16)
    path = write(tmp_path / "a.tif", array, **options)
    assert plane_count(path) == planes
    found = [read_image(path, i) for i in range(planes)]
    assert all(plane.shape == plane_shape for plane in found)
    flat = array.reshape(planes, -1, *shape[-2:]) if shape[-1] != 3 else array[None]
    if len(plane_shape) == 2:
        np.testing.assert_array_equal(found, flat[:, 0])
    elif shape[-1] == 3:
        np.testing.assert_array_equal(found, flat)
    else:
        kept = min(3, flat.shape[1])
        np.testing.assert_array_equal(np.moveaxis(found, -1, 1)[:, :kept], flat[:, :kept])
        assert not np.moveaxis(found, -1, 1)[:, kept:].any()


def test_stacks_are_evaluated_and_trained_on_plane_by_plane(tmp_path: Path) -> None:
    write(tmp_path / "cells/images/a.tif", STACK, photometric="minisblack")
    labelled = np.stack([LABELS * 0, LABELS, LABELS.astype(np.int32) * 1000]).astype(np.int32)
    write(tmp_path / "cells/masks/a.tif", labelled, photometric="minisblack")
    samples = list(evaluation_set("cells", tmp_path))
    assert [s.name for s in samples] == [
        *["a[1]:1", "a[1]:2", "a[1]:255"],
        *["a[2]:1000", "a[2]:2000", "a[2]:255000"],
    ]
    np.testing.assert_array_equal(samples[3].image, STACK[2])
    np.testing.assert_array_equal(samples[4].object_mask, LABELS == 2)
    source = open_source(tmp_path)
    assert [len(source[i].objects) for i in range(3)] == [0, 3, 3]


def test_a_stack_lies_whole_in_training_or_in_validation(tmp_path: Path) -> None:
    stack = np.zeros((60, 3, 4), np.uint8)
    for name in ("a", "b"):
        write(tmp_path / f"s/images/{name}.tif", stack, photometric="minisblack")
        write(tmp_path / f"s/masks/{name}.tif", stack, photometric="minisblack")
    names = {
        part: {p.entry.name[0] for p in unread_pictures(sets_in(tmp_path), part)}
        for part in ("train", "val")
    }
    assert not names["train"] & names["val"]
    assert names["train"] | names["val"] == {"a", "b"}


def test_a_stack_with_another_number_of_labels_is_named(tmp_path: Path) -> None:
    write(tmp_path / "cells/images/a.tif", STACK, photometric="minisblack")
    write(tmp_path / "cells/masks/a.tif", STACK[:2], photometric="minisblack")
    with pytest.raises(DataError, match=r"as many planes in .*a\.tif as the 2 of .*got 3"):
        evaluation_set("cells", tmp_path)


def test_labels_that_napari_saved_have_no_ignored_value(tmp_path: Path) -> None:
    path = write(tmp_path / "a_labels.tif", LABELS, compression="zlib")
    assert list(painted(path, 0).objects) == ["1", "2", "255"]
    assert list(labels(path, 0).objects) == ["1", "2"]


def test_masks_of_zero_and_255_are_one_object(tmp_path: Path) -> None:
    for array in (np.where(LABELS > 0, 255, 0).astype(np.uint8), LABELS > 0):
        annotation = labels_or_trimap(save(tmp_path / "m.png", array), 0)
        assert annotation.mask("1").sum() == 6
        assert not annotation.ignore.any()


def test_grey_and_deep_images_stay_as_they_are(tmp_path: Path) -> None:
    assert read_image(save(tmp_path / "a.png", GREY)).tolist() == GREY.tolist()
    deep = GREY.astype(np.uint16) * 5000
    assert read_image(save(tmp_path / "b.png", deep)).tolist() == deep.tolist()
    transparent = np.dstack([COLOUR, GREY])
    assert read_image(save(tmp_path / "c.png", transparent)).tolist() == COLOUR.tolist()


def test_masks_of_fractions_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", LABELS.astype(np.float32))
    with pytest.raises(DataError, match=r"whole numbers, got float32 in .*a\.tif"):
        read_mask(path)


def huge_png() -> bytes:
    """A PNG whose head promises 4 billion pixels."""
    buffer = io.BytesIO()
    Image.fromarray(GREY).save(buffer, "png")
    data = bytearray(buffer.getvalue())
    data[16:24] = struct.pack(">II", 2**16, 2**16)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif"])
def test_files_cut_at_many_bytes_are_named(tmp_path: Path, suffix: str) -> None:
    image = np.tile(COLOUR, (20, 20, 1))
    path = save(tmp_path / f"a.{suffix}", image)
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 60, 12).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"could not read .*a\.{suffix}"):
            read_image(path)


@pytest.mark.parametrize("content", [b"", b"text", huge_png(), b"\x89PNG\r\n\x1a\n" + b"\xff" * 99])
def test_other_content_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for read in (read_image, read_mask):
        with pytest.raises(DataError, match=r"could not read .*a\.png"):
            read(path)
