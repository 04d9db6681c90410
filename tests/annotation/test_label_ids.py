from __future__ import annotations

import numpy as np
import pytest

from napari_fcfi.annotation import next_label, smallest_dtype, widened


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
