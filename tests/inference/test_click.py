"""Clicks."""

from __future__ import annotations

import numpy as np
import pytest

from napari_fcfi.inference import Box, Click
from napari_fcfi.inference.click import box_of


@pytest.mark.parametrize("y", [float("nan"), float("inf")])
def test_a_click_nowhere_is_refused_in_one_sentence(y: float) -> None:
    with pytest.raises(ValueError, match=r"finite coordinates.*click on"):
        Click(y, 3)


def test_numpys_scalars_become_plain_ones() -> None:
    click = Click(np.float32(2), np.int64(3), np.bool_(False))  # type: ignore[arg-type]
    assert [type(value) for value in (click.y, click.x, click.foreground)] == [float, float, bool]
    assert click == Click(2, 3, False)


def test_the_box_of_clicks_holds_their_pixels() -> None:
    assert box_of([]).area == 0
    assert box_of([Click(2.4, 3.5), Click(7, 1)]) == Box(2, 1, 8, 5)
