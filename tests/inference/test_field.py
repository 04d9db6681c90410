"""Pictures that are read in part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from napari_fcfi.inference import Box, Field


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 5, 5)), r"\(4, 5, 5\) came; choose"),
        (np.zeros(7), r"\(7,\) came; choose"),
        (np.zeros((2, 3, 4, 3)), r"came; choose"),
        (np.zeros((0, 5)), r"at least one pixel.*\(0, 5\)"),
        (np.zeros((4, 4), complex), r"complex128 came; convert"),
        (np.array([["a", "b"]]), r"<U1 came; convert"),
        (torch.zeros(8, 8), r"torch.float32 came; make a numpy array"),
    ],
)
def test_pictures_that_are_none_are_refused_in_one_sentence(image: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        Field.from_array(image)
    assert str(caught.value).endswith(".")
    assert ". " not in str(caught.value)


def test_no_level_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="none came"):
        Field.from_levels([])


def test_no_two_fields_share_a_token() -> None:
    image = np.zeros((4, 4))
    assert Field.from_array(image).token != Field.from_array(image).token


def test_reading_gives_native_pixels_of_the_box() -> None:
    image = np.arange(60, dtype=np.int16).reshape(6, 10)
    found = Field.from_array(image).read(Box(1, 2, 4, 5))
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, image[1:4, 2:5])


def pyramid() -> Field:
    return Field.from_levels([np.zeros((1001, 640)), np.zeros((500, 320)), np.zeros((125, 80))])


def test_contrast_is_that_of_a_level_on_which_small_bright_things_are_seen() -> None:
    fine = np.zeros((2048, 2048), np.uint16)
    fine[::16, ::16] = fine[1::16, ::16] = fine[::16, 1::16] = fine[1::16, 1::16] = 1000
    levels = [fine]
    while min(levels[-1].shape) > 64:
        small = levels[-1].reshape(levels[-1].shape[0] // 2, 2, -1, 2).mean((1, 3))
        levels.append(small.astype(np.uint16))
    assert levels[-1].max() < 20
    assert Field.from_levels(levels).limits == Field.from_array(fine).limits
    assert Field.from_levels(levels[2:]).limits == Field.from_array(levels[2]).limits


def test_factors_are_ratios_of_shapes() -> None:
    assert pyramid().levels == ((1, 1), (1001 / 500, 2), (1001 / 125, 8))


@pytest.mark.parametrize(("step", "level"), [(0.2, 0), (1, 0), (1.9, 0), (2, 1), (7, 1), (9, 2)])
def test_the_level_still_has_a_pixel_for_every_step(step: float, level: int) -> None:
    assert pyramid().level_for(step) == level


def test_a_level_is_read_where_it_meets_the_box() -> None:
    field = pyramid()
    assert field.level_box(Box(10, 10, 20, 20), 1) == Box(4, 5, 10, 10)
    assert field.level_box(field.box, 2) == Box(0, 0, 125, 80)
    assert field.read(Box(990, 630, 1001, 640), 2).shape == (2, 2)


class Pages:
    """A lazy array that counts how often it is asked."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.reads = array, 0
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        self.reads += 1
        return self.array[key]


def test_several_windows_of_a_lazy_field_are_read_at_once() -> None:
    pages = Pages(np.arange(600 * 700).reshape(600, 700))
    field = Field.from_array(pages, contrast="displayed", displayed=(0, 1))
    kept = field.keeping(Box(100, 200, 300, 500))
    assert kept.token == field.token
    for box in (Box(100, 200, 300, 500), Box(150, 210, 160, 300), Box(299, 499, 300, 500)):
        np.testing.assert_array_equal(kept.read(box), pages.array[box.slices])
    assert pages.reads == 1
    beside = Box(90, 200, 150, 300)
    np.testing.assert_array_equal(kept.read(beside), pages.array[beside.slices])
    assert pages.reads == 2


def test_what_is_in_memory_or_too_much_is_not_kept() -> None:
    in_memory = Field.from_array(np.zeros((50, 50)))
    assert in_memory.keeping(in_memory.box) is in_memory
    vast = Field.from_array(
        Pages(np.broadcast_to(np.float64(0), (9000, 9000))), contrast="displayed", displayed=(0, 1)
    )
    assert vast.keeping(vast.box) is vast
    assert vast.keeping(Box(0, 0, 900, 900)) is not vast
