"""The first click, at any scale."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_fcfi.inference.predictor as predictor_module
from napari_fcfi.inference import Box, Click, Field, Predictor, Window
from napari_fcfi.inference.first_click import (
    FINALISTS,
    FREE_POWER,
    LARGE_SIDE_PX,
    MOST_WINDOWS,
    SIZE_POWER,
    boxes_around,
    cut_share,
    scores_of,
)
from napari_fcfi.inference.passes import Answer
from napari_fcfi.settings import Settings
from tests.inference.fake_network import FakeModel, FakeNetwork


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.floats(0, 0.999),
    st.floats(0, 0.999),
)
def test_windows_grow_around_the_click_up_to_the_largest(
    height: int, width: int, y: float, x: float
) -> None:
    largest = Box(0, 0, height, width)
    click = Click(y * height - 0.5, x * width - 0.5)
    boxes = boxes_around([click], largest, 48)
    assert 1 <= len(boxes) <= MOST_WINDOWS
    assert boxes[-1] == largest
    assert all(box.contains(click.y, click.x) for box in boxes)
    assert all(b.area > a.area for a, b in itertools.pairwise(boxes))


def test_the_smallest_window_is_small_and_the_steps_are_even() -> None:
    boxes = boxes_around([Click(1000, 1000)], Box(0, 0, 2000, 2000), 48)
    assert boxes[0].shape == (48, 48)
    ratios = [math.sqrt(b.area / a.area) for a, b in itertools.pairwise(boxes)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=0.03)


def test_of_a_huge_picture_there_are_not_more_windows_than_time_for_them() -> None:
    boxes = boxes_around([Click(9000, 9000)], Box(0, 0, 36_000, 36_000), 48)
    assert len(boxes) == MOST_WINDOWS


def test_clicks_that_came_together_are_in_every_window() -> None:
    clicks = [Click(100, 100), Click(300, 180)]
    boxes = boxes_around(clicks, Box(0, 0, 1000, 1000), 48)
    assert all(box.contains(click.y, click.x) for box in boxes for click in clicks)


def answer(mask: np.ndarray, quality: float) -> Answer:
    return Answer(mask.astype(np.float32), mask[::4, ::4].astype(np.float32), quality)


def disk(radius: float, window: Window, y: float = 100, x: float = 100) -> np.ndarray:
    rows, columns = np.indices(window.size)
    field_y, field_x = window.outward(rows, columns)  # type: ignore[arg-type]
    return np.hypot(field_y - y, field_x - x) <= radius


WINDOWS = [Window.of(Box.around(100, 100, side, side), 64) for side in (48, 80, 128, 200)]


def test_a_mask_at_the_sides_is_cut_only_where_the_field_goes_on() -> None:
    window = WINDOWS[0]
    half = np.zeros(window.size, bool)
    half[:, : window.size[1] // 2] = True  # all of the left side, half of upper and lower
    assert cut_share(half, window, WINDOWS[3].box) == pytest.approx((1 + 0.5 + 0.5) / 4)
    assert cut_share(half, window, window.box) == 0


def test_the_score_is_the_product_of_its_parts() -> None:
    answers = [answer(disk(15, window), 0.8) for window in WINDOWS]
    answers[0] = answer(disk(40, WINDOWS[0]), 0.8)
    answers[2] = answer(disk(15, WINDOWS[2]), 0.7)
    largest = WINDOWS[3].box
    scores = scores_of(WINDOWS, answers, 0.5, largest)
    free = 1 - cut_share(disk(40, WINDOWS[0]), WINDOWS[0], largest)
    assert free < 0.5
    preferred = [(window.box.height / LARGE_SIDE_PX) ** SIZE_POWER for window in WINDOWS]
    assert scores == pytest.approx(
        [
            0.8 * free**FREE_POWER * preferred[0],
            0.8 * preferred[1],
            0.7 * preferred[2],
            0.8 * preferred[3],
        ]
    )
    assert scores.index(max(scores)) == 3  # among equals the larger
    huge = [Window.of(Box.around(500, 500, side, side), 64) for side in (400, 900)]
    nothing_met = [answer(disk(15, window, 500, 500), 0.8) for window in huge]
    assert scores_of(huge, nothing_met, 0.5, huge[1].box) == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize("better", [0, 1])
def test_of_the_finalists_the_answer_of_the_highest_quality_wins(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch, better: int
) -> None:
    """Small and large window are finalists; the full answers decide, not their order."""
    finalists = [Window.of(Box.around(200, 200, side, side), 128) for side in (150, 300)]
    monkeypatch.setattr(predictor_module, "first_windows", lambda *_: finalists)
    qualities = iter([0.5, 0.5, 0.5, 0.5] if better else [0.6, 0.6, 0.5, 0.5])  # flip: two each
    monkeypatch.setattr(
        model.network, "_quality", lambda logits: logits.new_tensor([next(qualities)])
    )
    predictor = Predictor(model)
    state = predictor(Field.from_array(picture(60, 400)), predictor.initial(), [Click(200, 200)])
    assert state.window == finalists[better].box
    assert state.quality == pytest.approx(0.5 if better else 0.6)


def picture(side: int, size: int) -> np.ndarray:
    """A grey ground with one bright square of this side in the middle."""
    image = np.full((size, size), 60, np.uint8)
    start = (size - side) // 2
    image[start : start + side, start : start + side] = 200
    return image


@pytest.mark.parametrize(("side", "size"), [(20, 2000), (60, 2000), (400, 2000), (300, 400)])
def test_objects_of_any_size_are_found_by_one_click(model: FakeModel, side: int, size: int) -> None:
    predictor = Predictor(model)
    image = picture(side, size)
    field = Field.from_array(image)
    state = predictor(field, predictor.initial(), [Click(size / 2 + 3, size / 2 - 2)])
    truth = image > 100
    mask = state.mask(field.box)
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9
    assert state.window is not None
    assert side < max(state.window.shape) < 8 * max(side, 48)


def test_a_network_that_does_not_tell_its_quality_looks_at_the_whole_scope() -> None:
    model = FakeModel(FakeNetwork(with_quality=False))
    predictor = Predictor(model)
    field = Field.from_array(picture(20, 500))
    state = predictor(field, predictor.initial(), [Click(250, 250)])
    assert state.window == field.box
    assert state.quality is None
    scope = Box(200, 200, 300, 300)
    assert predictor(field, predictor.initial(), [Click(250, 250)], scope=scope).window == scope


def test_the_search_looks_no_farther_than_the_scope(model: FakeModel) -> None:
    predictor = Predictor(model)
    reads: list[tuple[slice, slice]] = []

    class Watched:
        shape, dtype = (30_000, 30_000), np.dtype(np.uint8)

        def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
            reads.append(key)
            rows, columns = (np.arange(part.start, part.stop) for part in key)
            bright = (np.abs(rows - 20_000) < 15)[:, None] & (np.abs(columns - 9_000) < 15)
            return np.where(bright, np.uint8(200), np.uint8(50))

    field = Field.from_array(Watched(), contrast="full")
    reads.clear()
    predictor(field, predictor.initial(), [Click(20_000, 9_000)])
    assert all(abs(row.start - 20_000) <= 2048 and row.stop <= 22_049 for row, _ in reads)
    assert len(reads) == 1  # for all windows, as each may decode a whole page of a store
    reads.clear()
    scope = Box(19_900, 8_900, 20_400, 9_500)
    predictor(field, predictor.initial(), [Click(20_000, 9_000)], scope=scope)
    assert all(row.start >= 19_900 and row.stop <= 20_400 for row, _ in reads)
    assert all(column.start >= 8_900 and column.stop <= 9_500 for _, column in reads)


def test_the_search_is_cheap(model: FakeModel) -> None:
    predictor = Predictor(model)
    field = Field.from_array(picture(100, 512))
    predictor(field, predictor.initial(), [Click(256, 256)])
    pixels = [shape[0] * shape[2] * shape[3] for shape in model.network.encoded]
    assert (
        sum(pixels) <= 5 * 2 * Settings().zoom_size ** 2
    )  # five clicks that pay for an encoder pass and its mirror
    assert len(model.network.encoded) <= 2 + 2 * FINALISTS  # two batches, and each finalist twice


def test_no_window_is_smaller_than_the_setting_says(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, searched = Predictor(model, Settings(zoom_min=200)), []
    answers = predictor.passes.answers

    def watched(*asked: Any) -> list[Answer]:
        searched.extend(asked[2])
        return answers(*asked)

    monkeypatch.setattr(predictor.passes, "answers", watched)
    predictor(Field.from_array(picture(20, 600)), predictor.initial(), [Click(150, 150)])
    assert min(min(window.box.shape) for window in searched) == 200


def test_a_background_click_far_away_cuts_no_window(model: FakeModel) -> None:
    predictor = Predictor(model)
    field = Field.from_array(np.full((9000, 9000), 90, np.uint8))
    clicks = [Click(100, 100, False), Click(5000, 5000)]
    state = predictor(field, predictor.initial(), clicks)
    assert state.window is not None
    assert state.window.covers(Box.around(5000, 5000, 40, 40))
    assert not state.window.contains(100, 100)


def test_without_zoom_in_there_is_no_search(model: FakeModel) -> None:
    predictor = Predictor(model, Settings(zoom_in=False, flip=False))
    field = Field.from_array(picture(20, 300))
    state = predictor(field, predictor.initial(), [Click(150, 150)])
    assert state.window == field.box
    assert len(model.network.calls) == 1
