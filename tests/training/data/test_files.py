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

from tests.training.data.writing import COLOUR, FIRST, GREY, LABELS, SECOND, save
from training.data.codings import coding_of, labels, painted
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


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
@pytest.mark.parametrize(("image", "mask"), [("images/a", "masks/a"), ("a", "a_labels")])
def test_three_or_four_planes_without_a_word_on_their_axes_are_a_stack(
    tmp_path: Path, count: int, dtype: type[np.generic], image: str, mask: str
) -> None:
    planes = np.stack([GREY + i for i in range(count)])
    write(tmp_path / f"cells/{image}.tif", planes, planarconfig="separate", photometric="rgb")
    labelled = np.stack([np.roll(LABELS % 255, i, axis=1) for i in range(count)]).astype(dtype)
    colours = {"planarconfig": "separate", "photometric": "rgb"}
    grey = {"photometric": "minisblack"}
    write(tmp_path / f"cells/{mask}.tif", labelled, **(grey if dtype == np.int32 else colours))
    samples = list(evaluation_set("cells", tmp_path))
    assert [s.name for s in samples] == [f"a[{i}]:{v}" for i in range(count) for v in (1, 2)]
    np.testing.assert_array_equal(samples[2].image, planes[1])
    np.testing.assert_array_equal(samples[2].object_mask, labelled[1] == 1)


def test_three_colours_one_after_the_other_stay_colours_for_a_mask_of_one_plane(
    tmp_path: Path,
) -> None:
    planes = np.moveaxis(COLOUR, -1, 0)
    write(tmp_path / "s/images/a.tif", planes, planarconfig="separate", photometric="rgb")
    save(tmp_path / "s/masks/a.png", LABELS)
    np.testing.assert_array_equal(next(iter(evaluation_set("s", tmp_path))).image, COLOUR)


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
        annotation = coding_of([path := save(tmp_path / "m.png", array)])(path, 0)
        assert annotation.mask("1").sum() == 6
        assert not annotation.ignore.any()


def test_255_is_ignored_in_all_masks_of_a_set_of_which_one_has_labels(tmp_path: Path) -> None:
    ignored = np.where(LABELS > 0, 255, 0).astype(np.uint8)
    masks = [save(tmp_path / "a.png", ignored), save(tmp_path / "b.png", LABELS)]
    annotation = coding_of(masks)(masks[0], 0)
    assert not annotation.objects
    assert annotation.ignore.sum() == 6


def test_labels_above_127_are_objects_of_their_own(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.where(FIRST, 140, np.where(SECOND, 200, 0)).astype(np.uint8))
    assert list(coding_of([path])(path, 0).objects) == ["140", "200"]


def test_a_set_with_the_published_values_only_has_their_meaning(tmp_path: Path) -> None:
    trimap = np.where(FIRST, 128, np.where(SECOND, 255, 0)).astype(np.uint8)
    colour = np.dstack([trimap] * 3)
    deep = np.where(SECOND, 255, 0).astype(np.uint16)
    masks = [
        save(tmp_path / "a.png", trimap),
        save(tmp_path / "b.png", colour),
        save(tmp_path / "c.png", deep),
        save(tmp_path / "d.png", SECOND),
    ]
    read = [coding_of(masks)(path, 0) for path in masks]
    for annotation in read:
        np.testing.assert_array_equal(annotation.mask(*annotation.objects), SECOND)
    for annotation in read[:2]:
        np.testing.assert_array_equal(annotation.ignore, FIRST)


def test_other_masks_are_looked_at_only_where_a_mask_leaves_its_coding_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masks = [save(tmp_path / f"{i:03}.png", (SECOND * 255).astype(np.uint8)) for i in range(240)]
    (tmp_path / "000.png").write_bytes(b"not a picture")
    labelled = save(tmp_path / "a.png", LABELS)
    opened: list[Path] = []

    def read(path: Path, plane: int = 0, *, indices: bool = True) -> Any:
        opened.append(path)
        return read_mask(path, plane, indices=indices)

    monkeypatch.setattr("training.data.codings.read_mask", read)
    coding = coding_of(masks)
    coding(labelled, 0)
    assert opened == [labelled]
    assert list(coding(masks[1], 0).objects) == ["1"]
    coding(masks[2], 0)
    assert len(set(opened)) <= 1 + 100 + 2


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
