"""The TIFF reader: the same as napari's own, and it docks the panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import npe2
import numpy as np
import pytest
import tifffile

from napari_fcfi.plugin.reader import get_reader
from tests.gui.fake import FakePredictor

pytestmark = pytest.mark.gui

RNG = np.random.default_rng(0)


def pages(folder: Path) -> Path:
    tifffile.imwrite(
        folder / "pages.tif", RNG.integers(0, 999, (5, 20, 30), np.uint16), photometric="minisblack"
    )
    return folder / "pages.tif"


def colour(folder: Path) -> Path:
    data = RNG.integers(0, 255, (40, 50, 3), np.uint8)
    tifffile.imwrite(folder / "colour.TIFF", data, photometric="rgb")
    return folder / "colour.TIFF"


def imagej(folder: Path) -> Path:
    data = RNG.integers(0, 999, (2, 3, 20, 30), np.uint16)
    tifffile.imwrite(folder / "imagej.tif", data, imagej=True, metadata={"axes": "ZCYX"})
    return folder / "imagej.tif"


def floats(folder: Path) -> Path:
    data = np.array([[np.nan, np.inf], [0.5, -1]], np.float32)
    tifffile.imwrite(folder / "floats.tiff", data)
    return folder / "floats.tiff"


def compressed(folder: Path, how: str) -> Path:
    path = folder / f"{how}.tif"
    tifffile.imwrite(path, RNG.integers(0, 9, (64, 64), np.uint8), compression=how)
    return path


def deflated(folder: Path) -> Path:
    return compressed(folder, "zlib")


def lzw(folder: Path) -> Path:
    pytest.importorskip("imagecodecs")
    return compressed(folder, "lzw")


def tiled_pages_apart(folder: Path) -> Path:
    path = folder / "tiled.tif"
    with tifffile.TiffWriter(path) as writer:
        for _ in range(3):
            writer.write(RNG.integers(0, 255, (64, 64), np.uint8), tile=(32, 32))
    return path


@pytest.mark.parametrize("make", [pages, colour, imagej, floats, deflated, lzw, tiled_pages_apart])
def test_a_file_is_read_as_napari_reads_it(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = str(make(tmp_path))
    read = get_reader(path)
    assert read is not None
    ours = read(path)
    theirs = npe2.read([path], stack=False, plugin_name="napari")
    assert len(ours) == len(theirs) == 1
    assert np.array_equal(
        np.asarray(ours[0][0]), np.asarray(theirs[0][0]), equal_nan=ours[0][0].dtype.kind == "f"
    )
    assert ours[0][1:] == theirs[0][1:]


def test_several_files_are_one_stack(tmp_path: Path) -> None:
    planes = RNG.integers(0, 255, (3, 10, 12), np.uint8)
    paths = [str(tmp_path / f"{index}.tif") for index in range(3)]
    for path, plane in zip(paths, planes, strict=True):
        tifffile.imwrite(path, plane)
    read = get_reader(paths)
    assert read is not None
    assert np.array_equal(np.asarray(read(paths)[0][0]), planes)


@pytest.mark.parametrize("path", ["a.png", "tif", ["a.tif", "b.png"], []])
def test_other_files_are_not_ours(path) -> None:
    assert get_reader(path) is None


def test_a_file_opened_by_our_reader_docks_the_panel(
    make_napari_viewer: Callable, fake_loader: FakePredictor, tmp_path: Path, qtbot
) -> None:
    path = pages(tmp_path)
    viewer = make_napari_viewer()
    (layer,) = viewer.open(path, plugin="napari-fcfi")
    docks = viewer.window.dock_widgets
    qtbot.waitUntil(lambda: any("Segment" in name for name in docks))
    panel = next(widget for name, widget in docks.items() if "Segment" in name)
    qtbot.waitUntil(lambda: not panel.loader.busy)
    assert panel.session.image == layer
    assert viewer.layers.selection.active == panel.tool.layer


def test_a_truncated_file_is_no_crash(
    make_napari_viewer: Callable, fake_loader: FakePredictor, tmp_path: Path
) -> None:
    path = pages(tmp_path)
    path.write_bytes(path.read_bytes()[:300])
    viewer = make_napari_viewer()
    with pytest.raises(ValueError, match="failed to read 6000 bytes, got 44"):
        viewer.open(path, plugin="napari-fcfi")
    assert len(viewer.layers) == 0
