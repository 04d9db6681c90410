"""The classical methods on pictures whose objects are easy."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from training.data.evaluation_sets import Sample
from training.evaluation.classical import (
    GrabCut,
    RandomWalker,
    disk,
    eight_bit_rgb,
    shrunk,
    to_copy,
)
from training.evaluation.courses import ClickBudget, measure

OBJECT = np.zeros((60, 80), bool)
OBJECT[15:45, 20:55] = True
NOISE = np.random.default_rng(0).integers(-10, 11, (60, 80))
GREY = (np.where(OBJECT, 200, 60) + NOISE).astype(np.uint8)
COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)

both = pytest.mark.parametrize("method", [GrabCut, RandomWalker])


@both
@pytest.mark.parametrize("image", [GREY, COLOUR, GREY.astype(np.uint16) * 200])
def test_a_few_clicks_find_an_even_object(method: Any, image: NDArray[Any]) -> None:
    sample = Sample("square", image, OBJECT, np.zeros_like(OBJECT))
    ious = [click.iou for click in measure(method, sample, ClickBudget(5)).clicks]
    assert max(ious) > 0.95


@both
def test_a_click_decides_its_own_pixels(method: Any) -> None:
    clicker = method(COLOUR)
    assert clicker.click(30, 40)[30, 40]
    assert not clicker.click(30, 42, foreground=False)[30, 42]
    assert clicker.click(5, 5)[5, 5]


@both
def test_a_background_click_alone_gives_an_empty_mask(method: Any) -> None:
    assert not method(COLOUR).click(30, 40, foreground=False).any()


@both
def test_the_same_clicks_give_the_same_mask_whatever_was_drawn_before(method: Any) -> None:
    masks = []
    for seed in range(3):
        cv2.setRNGSeed(seed)
        masks.append(method(data.astronaut()[::2, ::2]).click(50, 110))
    assert all((mask == masks[0]).all() for mask in masks)


def test_to_the_random_walker_the_border_is_background_where_it_is_not_clicked() -> None:
    clicker = RandomWalker(COLOUR)
    border = np.ones_like(OBJECT)
    border[1:-1, 1:-1] = False
    assert not (clicker.click(30, 40) & border).any()
    assert clicker.click(0, 40)[0, 40]


@both
def test_large_images_are_worked_on_in_a_smaller_copy(method: Any) -> None:
    factor = 10
    image = np.kron(GREY, np.ones((factor, factor), np.uint8))
    large = np.kron(OBJECT, np.ones((factor, factor), bool))
    clicker = method(image)
    clicker.click(300, 375)
    mask = clicker.click(50, 50, foreground=False)
    assert mask.shape == large.shape
    assert np.count_nonzero(mask != large) < 0.05 * large.sum()


def test_a_click_at_the_edge_of_an_image_lies_in_its_copy() -> None:
    assert to_copy((0, 99), (100, 100), (10, 10)) == (0, pytest.approx(9, abs=0.5))
    assert shrunk(np.zeros((100, 3, 3), np.uint8), 10).shape == (10, 1, 3)
    assert disk((4, 4), (3.4, 0.2), 0.0).nonzero() == (np.array([3]), np.array([0]))


def test_other_depths_are_scaled_by_percentiles_and_8_bit_stays() -> None:
    image = np.linspace(0, 65535, 1000, dtype=np.uint16).reshape(20, 50)
    found = eight_bit_rgb(image)
    assert (found.min(), found.max(), found.shape) == (0, 255, (20, 50, 3))
    np.testing.assert_array_equal(eight_bit_rgb(COLOUR), COLOUR)
    assert not eight_bit_rgb(np.full((3, 3), 7.0)).any()
