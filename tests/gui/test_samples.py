from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import npe2
import numpy as np
import pytest

from napari_fcfi.plugin import samples

KEYS = ("astronaut", "coffee", "chelsea", "fluorescence", "phase_contrast", "blobs_3d")


@pytest.mark.parametrize("key", KEYS)
def test_a_sample_is_one_image_with_something_in_it(key: str) -> None:
    ((data, meta, kind),) = getattr(samples, key)()
    assert kind == "image"
    assert meta["name"]
    assert data.std() > 0
    assert data.ndim - bool(meta.get("rgb")) == (3 if key == "blobs_3d" else 2)


def test_the_samples_of_the_manifest_are_these() -> None:
    manifest = npe2.PluginManifest.from_file(files("napari_fcfi") / "napari.yaml")
    assert [sample.key for sample in manifest.contributions.sample_data] == list(KEYS)


def test_the_computed_stack_is_the_same_every_time() -> None:
    assert np.array_equal(samples.blobs_3d()[0][0], samples.blobs_3d()[0][0])


def test_every_shipped_picture_is_credited() -> None:
    folder = files("napari_fcfi.plugin") / "samples"
    text = (folder / "CREDITS.md").read_text(encoding="utf-8")
    pictures = [entry.name for entry in folder.iterdir() if entry.name.endswith(".png")]
    assert len(pictures) == 2
    assert all(name in text for name in pictures)
    assert "Copyright (c) 2018 Okinawa Institute of Science & Technology" in text


@pytest.mark.gui
@pytest.mark.parametrize("key", ["fluorescence", "blobs_3d"])
def test_a_sample_opens_from_naparis_menu(make_napari_viewer: Callable, key: str) -> None:
    viewer = make_napari_viewer()
    (layer,) = viewer.open_sample("napari-fcfi", key)
    assert layer in viewer.layers
