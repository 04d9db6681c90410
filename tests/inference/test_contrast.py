"""From pixels of any kind to 0-1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_fcfi.inference.contrast import limits_of, sample, scale


class Lazy:
    """An array that counts what is read of it."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array, self.boxes = array, []
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key: Any) -> NDArray[Any]:
        found = self.array[key]
        self.boxes.append(found.shape)
        return found


def ramp(low: float, high: float, dtype: Any, shape: tuple[int, ...] = (100, 100)) -> Any:
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape).astype(dtype)


def test_8_bit_colour_stays_as_it_is() -> None:
    image = ramp(50, 90, np.uint8, (40, 40, 3))
    assert limits_of(image) == ((0, 255),)
    assert limits_of(image, displayed=(0, 60), changed_by_user=True) == ((0, 255),)
    np.testing.assert_allclose(scale(image, ((0, 255),)), np.moveaxis(image / 255, -1, 0), 1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_grey_pictures_get_their_percentiles(dtype: Any) -> None:
    ((low, high),) = limits_of(ramp(10, 110, dtype))
    assert low == pytest.approx(10, abs=1)
    assert high == pytest.approx(110, abs=1)


def test_hot_pixels_do_not_darken_a_picture() -> None:
    image = ramp(100, 200, np.uint16)
    image[3, 4] = 65535
    assert limits_of(image)[0][1] < 210


def test_a_few_bright_pixels_on_an_even_ground_are_seen() -> None:
    image = np.full((100, 100), 7, np.uint16)
    image[3, 4] = 900
    assert limits_of(image) == ((7, 900),)


def test_displayed_limits_count_once_the_user_changed_them() -> None:
    image = ramp(0, 1000, np.uint16)
    assert limits_of(image, displayed=(5, 50)) == limits_of(image)
    assert limits_of(image, displayed=(5, 50), changed_by_user=True) == ((5, 50),)
    assert limits_of(image, "displayed", displayed=(5, 50)) == ((5, 50),)
    assert limits_of(image, "percentile", displayed=(5, 50), changed_by_user=True) == limits_of(
        image
    )


def test_each_channel_may_have_limits_of_its_own() -> None:
    pairs = [(0, 10), (0, 100), (0, 1000)]
    limits = limits_of(ramp(0, 9, float, (4, 4, 3)), "displayed", displayed=pairs)
    scaled = scale(np.full((2, 2, 3), 5.0), limits)
    np.testing.assert_allclose(scaled[:, 0, 0], [0.5, 0.05, 0.005], rtol=1e-6)


def test_wrong_displayed_limits_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"pair.*contrast_limits"):
        limits_of(ramp(0, 1, float), "displayed", displayed=(1, 2, 3))


def test_full_is_the_types_range_or_what_is_finite() -> None:
    assert limits_of(ramp(5, 9, np.uint8), "full") == ((0, 255),)
    assert limits_of(ramp(5, 9, np.uint16), "full") == ((0, 65535),)
    assert limits_of(ramp(5, 9, np.int8), "full") == ((-128, 127),)
    image = ramp(-2, 9, np.float32)
    image[5, 5:7] = np.nan, np.inf
    assert limits_of(image, "full") == ((-2, 9),)


@pytest.mark.parametrize("contrast", ["auto", "displayed", "percentile", "full"])
def test_bool_is_black_and_white(contrast: Any) -> None:
    image = np.zeros((300, 300), bool)
    image[0, 0] = True
    limits = limits_of(image, contrast)
    scaled = scale(image, limits)
    assert scaled.max() == 1
    assert scaled.sum() == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_counts_as_the_lower_limit(value: float) -> None:
    image = ramp(3, 5, np.float32)
    limits = limits_of(image)
    image[50, 50] = value
    assert limits_of(image)[0] == pytest.approx(limits[0], abs=0.01)
    assert scale(image, limits)[0, 50, 50] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, 0, 7.5, 1e17, -3.4e38])
def test_constant_pictures_are_black(value: float, dtype: Any) -> None:
    image = np.full((5, 5), value, dtype)
    scaled = scale(image, limits_of(image))
    assert (scaled == 0).all()


def test_alpha_is_ignored() -> None:
    image = ramp(0, 1000, np.uint16, (20, 20, 4))
    image[..., 3] = 65535
    assert limits_of(image)[0][1] < 1001
    assert scale(image, limits_of(image)).shape == (3, 20, 20)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (np.int64, 2**60, 2**60 + 2000),
        (np.uint32, 4e9, 4e9 + 500),
        (np.float32, -3e38, 3e38),
        (np.float64, 1e-300, 2e-300),
        (np.float16, 1, 60000),
    ],
)
def test_extreme_numbers_keep_their_order(dtype: Any, low: float, high: float) -> None:
    image = np.array([[low, (low / 2 + high / 2), high]]).astype(dtype)
    scaled = scale(image, ((float(image[0, 0]), float(image[0, 2])),))
    np.testing.assert_allclose(scaled[0, 0], [0, 0.5, 1], atol=0.01)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (np.float64, (-1.7e308, 0, 1.7e308)),
        (np.float32, (16777216, 16777218, 16777220)),
        (np.float32, (0, 1.4e-45, 2.8e-45)),
    ],
)
def test_limits_whose_difference_is_hardly_a_number(dtype: Any, values: Any) -> None:
    image = np.array([values], dtype)
    scaled = scale(image, ((float(image[0, 0]), float(image[0, 2])),))
    np.testing.assert_allclose(scaled[0, 0], [0, 0.5, 1], atol=1e-6)


def with_a_cell(shape: tuple[int, int]) -> NDArray[np.uint16]:
    """A plane of zeros with a cell where nothing is sampled."""
    image = np.zeros(shape, np.uint16)
    image[200, 200] = 4000
    return image


@pytest.mark.parametrize("as_array", [np.asarray, Lazy])
def test_a_cell_on_an_even_ground_is_seen_although_the_sample_misses_them(as_array: Any) -> None:
    image = as_array(with_a_cell((3000, 2000)))
    assert not sample(image).any()
    assert limits_of(image) == ((0, 4000),)


def test_of_a_vast_lazy_picture_whose_sample_is_even_the_displayed_limits_count() -> None:
    vast = Lazy(np.broadcast_to(np.uint16(0), (100_000, 100_000)))
    assert limits_of(vast, displayed=(3, 900)) == ((3, 900),)
    assert len(vast.boxes) <= 64
    assert (scale(np.array([[0, 5]], np.uint16), limits_of(vast))[0] == [[0, 1]]).all()


def test_the_full_range_of_floats_is_found_band_by_band() -> None:
    image = np.zeros((5000, 4000), np.float32)
    image[4999, 3999], image[2500, 7] = 5, -3
    image[10, 10] = np.inf
    assert limits_of(image, "full") == ((-3, 5),)
    assert limits_of(Lazy(image), "full") == ((-3, 5),)


def test_a_large_lazy_picture_is_looked_at_in_few_small_blocks() -> None:
    lazy = Lazy(np.broadcast_to(np.arange(5000, dtype=np.uint16), (5000, 5000)))
    ((low, high),) = limits_of(lazy)
    assert len(lazy.boxes) <= 64
    assert sum(int(np.prod(box)) for box in lazy.boxes) <= 2**18
    assert low < 100
    assert high > 4800


def test_blocks_lie_in_one_chunk_each() -> None:
    class Chunked(Lazy):
        def __getitem__(self, key: Any) -> NDArray[Any]:
            for part in key:
                assert part.start // 256 == (part.stop - 1) // 256
            return super().__getitem__(key)

    sample(Chunked(np.broadcast_to(np.uint8(3), (4096, 1024))))


def test_a_picture_in_memory_is_looked_at_in_a_bounded_number_of_places() -> None:
    image = np.broadcast_to(np.arange(8000, dtype=np.uint16), (8000, 8000))
    assert sample(image).size <= 2**20


class Stored(Lazy):
    """A lazy array that tells its chunks, and counts how often one is read."""

    def __init__(self, array: NDArray[Any], chunks: tuple[Any, Any]) -> None:
        super().__init__(array)
        self.chunks, self.keys = chunks, []

    def __getitem__(self, key: Any) -> NDArray[Any]:
        self.keys.append(tuple((part.start, part.stop) for part in key))
        return super().__getitem__(key)


@pytest.mark.parametrize(
    ("chunks", "reads"),
    [
        ((3000, 2000), 1),  # a page of a stack
        ((1, 2000), 49),  # a stack of pages, seen from the side
        ((512, 512), 24),
        ((np.int64(512), np.int64(512)), 24),
        (((1000, 1000, 1000), (1500, 500)), 6),
        (((0, 3000), (1500, 0, 500)), 2),
        ((64, 64), 49),
        (("rows", "columns"), 49),  # something else that has this name
    ],
)
def test_chunks_are_read_once_and_at_most_49_of_them(chunks: Any, reads: int) -> None:
    ramp = np.broadcast_to(np.arange(2000, dtype=np.uint16), (3000, 2000))
    stored = Stored(ramp, chunks)
    ((low, high),) = limits_of(stored)
    assert len(stored.keys) == len(set(stored.keys)) == reads
    assert low < 50
    assert high > 1950
    for axis, sizes in enumerate(chunks):
        if isinstance(sizes, str):
            continue
        edges = np.arange(0, 3001, sizes) if np.ndim(sizes) == 0 else np.cumsum([0, *sizes])
        for key in stored.keys:
            start, stop = key[axis]
            assert np.searchsorted(edges, start, "right") == np.searchsorted(edges, stop, "left")


def test_of_vast_chunks_only_the_middle_is_asked_for() -> None:
    vast = Stored(np.broadcast_to(np.arange(100_000, dtype=np.int32), (100_000,) * 2), (16384,) * 2)
    assert limits_of(vast)[0][1] > 90_000
    assert sum(int(np.prod(box)) for box in vast.boxes) <= 2**24


@pytest.mark.parametrize(("chunks", "seen"), [((256, 256), True), ((1, 2000), False)])
def test_an_even_sample_is_a_reason_to_read_all_only_where_that_is_not_much(
    chunks: tuple[int, int], seen: bool
) -> None:
    stored = Stored(with_a_cell((3000, 2000)), chunks)
    assert (limits_of(stored, displayed=(3, 900)) == ((0, 4000),)) is seen
    assert len(stored.keys) <= 49 + 12
