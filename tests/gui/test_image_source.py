"""What is read of an image layer: the right plane, lazily, with the right contrast."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image

from napari_fcfi.annotation import Plane
from napari_fcfi.plugin.field_cache import FieldCache
from napari_fcfi.plugin.image_source import ContrastWatch, shape_of

RNG = np.random.default_rng(0)
STACK = RNG.integers(0, 4000, (4, 40, 50), np.uint16)


def source(image: Image, plane: Plane, contrast: str = "auto"):
    return ContrastWatch(image).source(image, plane, contrast)


def test_limits_that_napari_chose_are_not_the_users() -> None:
    for data in (STACK, STACK.astype(float), STACK.astype(np.uint8), da.from_array(STACK)):
        for image in (Image(data), Image([data, data[:, ::2, ::2]], multiscale=True)):
            assert not ContrastWatch(image).changed(image)


@pytest.mark.parametrize(
    "data",
    [STACK, da.from_array(STACK), [STACK, STACK[:, ::2, ::2]]],
    ids=["numpy", "dask", "pyramid"],
)
def test_limits_that_the_user_moved_are_the_users(data) -> None:
    image = Image(data)
    watch = ContrastWatch(image)
    image.contrast_limits = (100, 900)
    assert watch.changed(image)
    field = watch.source(image, Plane((1, None, None)), "auto").field()
    assert field.limits == ((100.0, 900.0),)


def test_limits_moved_before_the_panel_was_opened_are_the_users_too() -> None:
    image = Image(STACK)
    image.contrast_limits = (100, 900)
    assert ContrastWatch(image).changed(image)


def test_the_field_is_the_plane() -> None:
    image = Image(STACK)
    field = source(image, Plane((None, 7, None))).field()
    assert field.shape == (4, 50)
    assert np.array_equal(field.read(field.box), STACK[:, 7, :])


def test_a_pyramid_gives_the_same_plane_at_every_level() -> None:
    levels = [np.arange(8)[:, None, None] * np.ones((8, 64, 64)), None]
    levels[1] = levels[0][::2, ::2, ::2]
    image = Image(levels, multiscale=True)
    assert shape_of(image) == (8, 64, 64)
    field = source(image, Plane((6, None, None))).field()
    assert field.levels == ((1.0, 1.0), (2.0, 2.0))
    assert np.all(field.read(field.box, 0) == 6)
    assert np.all(field.read(field.box, 1) == 6)


def test_a_colour_image_keeps_its_colours() -> None:
    image = Image(RNG.integers(0, 255, (40, 50, 3), np.uint8), rgb=True)
    assert shape_of(image) == (40, 50)
    field = source(image, Plane((None, None))).field()
    assert field.read(field.box).shape == (40, 50, 3)
    assert field.limits == ((0.0, 255.0),)


def test_a_field_is_found_again_only_for_the_same_plane_contrast_and_limits() -> None:
    image, cache = Image(STACK), FieldCache()
    here = source(image, Plane((1, None, None)))
    field = here.field()
    cache.put(here, field)
    assert cache.get(source(image, Plane((1, None, None)))) is field
    assert cache.get(source(image, Plane((2, None, None)))) is None
    assert cache.get(source(image, Plane((1, None, None)), "full")) is None
    image.contrast_limits = (1, 2)
    assert cache.get(source(image, Plane((1, None, None)))) is None


def test_the_oldest_field_is_forgotten_first() -> None:
    image, cache = Image(STACK), FieldCache(size=2)
    sources = [source(image, Plane((index, None, None))) for index in range(3)]
    for each in sources:
        cache.put(each, each.field())
    assert [cache.get(each) is not None for each in sources] == [False, True, True]
