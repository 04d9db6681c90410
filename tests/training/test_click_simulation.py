"""Simulated users: where they click and what they start from."""

from __future__ import annotations

import numpy as np
import pytest

from training.click_simulation import (
    corrective_click,
    damaged_mask,
    distance_inside,
    draw_from,
    first_click,
    many_clicks,
)


def disc(centre: tuple[int, int] = (32, 32), radius: int = 15, size: int = 64) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return ((y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2).astype(np.int8)


@pytest.mark.parametrize("seed", range(30))
def test_first_clicks_lie_on_the_object(seed: int) -> None:
    y, x, sign = first_click(np.random.default_rng(seed), disc())
    assert sign == 1
    assert disc()[int(y), int(x)] == 1


@pytest.mark.parametrize("seed", range(30))
def test_a_corrective_click_lies_on_an_error_of_its_sign(seed: int) -> None:
    target, mask = disc(), disc((32, 40), 12) == 1
    y, x, sign = corrective_click(np.random.default_rng(seed), target, mask)  # type: ignore[misc]
    assert target[int(y), int(x)] == sign
    assert mask[int(y), int(x)] != sign


@pytest.mark.parametrize("seed", range(30))
def test_nobody_clicks_on_a_rim_while_there_is_a_real_error(seed: int) -> None:
    target = disc()
    mask = disc(radius=16) == 1  # a rim of one pixel is too much
    mask[5:12, 5:12] = True
    y, x, sign = corrective_click(np.random.default_rng(seed), target, mask)  # type: ignore[misc]
    assert (5 <= y < 12, 5 <= x < 12, sign) == (True, True, 0)


def test_nothing_wrong_asks_for_no_click() -> None:
    assert corrective_click(np.random.default_rng(0), disc(), disc() == 1) is None


def test_ignored_pixels_are_no_error() -> None:
    target = disc()
    mask = target == 1
    target[:10] = -1
    mask[:10] = True
    assert corrective_click(np.random.default_rng(0), target, mask) is None


def test_styles_differ_in_how_deep_they_click() -> None:
    distance = distance_inside(disc() == 1)
    rng = np.random.default_rng(0)

    def depth(style: str) -> float:
        y, x = draw_from(rng, distance, style)  # type: ignore[misc]
        return float(distance[int(y), int(x)])

    styles = ("central", "eroded", "anywhere", "border")
    depths = {style: [depth(style) for _ in range(50)] for style in styles}
    assert min(depths["central"]) == distance.max()
    assert min(depths["eroded"]) > distance.max() / 2
    assert max(depths["border"]) <= distance.max() / 4
    assert min(depths["anywhere"]) < distance.max() / 3


def test_an_empty_region_gives_no_position() -> None:
    empty = np.zeros((8, 8), np.float32)
    assert draw_from(np.random.default_rng(0), empty, "central") is None


def test_many_clicks_keep_to_their_sides_and_their_number() -> None:
    target = disc()
    counts = []
    for seed in range(60):
        clicks = many_clicks(np.random.default_rng(seed), target, 24)
        counts.append(len(clicks))
        assert all(target[int(y), int(x)] == sign for y, x, sign in clicks)
    assert min(counts) >= 1
    assert max(counts) <= 48
    assert len(set(counts)) > 5


def test_damaged_masks_resemble_the_object_but_are_wrong() -> None:
    target = disc()
    overlaps = []
    for seed in range(40):
        mask = damaged_mask(np.random.default_rng(seed), target)
        assert mask.min() >= 0
        assert mask.max() <= 1
        inside = mask > 0.5
        overlaps.append((inside & (target == 1)).sum() / (inside | (target == 1)).sum())
    assert 0.4 < np.mean(overlaps) < 0.98
    assert np.std(overlaps) > 0.02
