from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_fcfi.annotation import label_ids, next_label, smallest_dtype, widened


@pytest.mark.parametrize(
    ("label", "dtype"),
    [(0, "u1"), (255, "u1"), (256, "u2"), (65535, "u2"), (65536, "u4"), (2**32, "u8")],
)
def test_the_smallest_type_that_holds_the_label(label: int, dtype: str) -> None:
    assert smallest_dtype(label) == np.dtype(dtype)


@pytest.mark.parametrize("label", [-1, 2**64])
def test_a_label_that_no_type_holds_is_refused(label: int) -> None:
    with pytest.raises(ValueError, match="abel"):
        smallest_dtype(label)


def test_an_array_is_widened_only_when_it_must_be_and_loses_nothing() -> None:
    labels = np.array([[0, 255]], np.uint8)
    assert widened(labels, 255) is None
    wider = widened(labels, 256)
    assert wider is not None
    assert wider.dtype == np.uint16
    assert np.array_equal(wider, labels)


def test_negative_values_survive_widening() -> None:
    labels = np.array([[-3, 127]], np.int8)
    wider = widened(labels, 200)
    assert wider is not None
    assert wider.tolist() == [[-3, 127]]
    assert np.iinfo(wider.dtype).max >= 200


def test_the_next_label_is_one_more_than_all_that_are_there_or_in_use() -> None:
    labels = np.array([[0, 7], [3, 0]], np.uint8)
    assert next_label(labels) == 8
    assert next_label(labels, used=(11, 2)) == 12
    assert next_label(np.zeros((0, 4), np.uint8)) == 1


class Store:
    """Labels outside the memory, which are read by slices; says how many pixels each had."""

    def __init__(self, data: np.ndarray, chunks: tuple[int, ...] | None) -> None:
        self.inner, self.chunks, self.shape = data, chunks, data.shape
        self.read: list[int] = []

    def __getitem__(self, key: Any) -> np.ndarray:
        part = self.inner[key]
        self.read.append(part.size)
        return part

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise AssertionError("the whole store was read")


@pytest.mark.parametrize("at", [(0, 0, 0), (2, 6, 10), (1, 3, 9), (2, 0, 5)])
@pytest.mark.parametrize(
    ("chunks", "most"), [((1, 2, 4), 40), (None, 40), ((3, 7, 11), 3 * 7 * 11)]
)
def test_the_labels_of_a_store_are_read_once_and_block_by_block(
    monkeypatch: pytest.MonkeyPatch, at: tuple[int, ...], chunks: Any, most: int
) -> None:
    monkeypatch.setattr(label_ids, "BLOCK_PX", 40)
    data = np.zeros((3, 7, 11), np.uint16)
    data[at] = 300
    store = Store(data, chunks)
    assert next_label(store) == 301
    assert sum(store.read) == data.size
    assert max(store.read) <= most
