"""Click styles: where they may click, whatever the error looks like."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from training.data.evaluation_sets import Sample
from training.evaluation.click_styles import ClickStyle, in_style
from training.evaluation.robot_user import RobotClick, next_click, squared_distances

SHAPE = (9, 11)
NOTHING = np.zeros((40, 40), bool)


def sample_of(object_mask: NDArray[np.bool_], ignore: NDArray[np.bool_]) -> Sample:
    return Sample("x", np.zeros(object_mask.shape, np.uint8), object_mask, ignore)


@settings(max_examples=80)
@given(
    masks=arrays(bool, (3, *SHAPE)),
    clicked=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 10)), max_size=6),
    style=st.sampled_from(["jittered", "random"]),
    seed=st.integers(0, 9),
)
def test_a_click_lies_in_the_error_that_the_central_one_corrects(
    masks: NDArray[np.bool_], clicked: list[tuple[int, int]], style: ClickStyle, seed: int
) -> None:
    object_mask, mask, ignore = masks
    central = next_click(object_mask, mask, clicked, ignore)
    if central is None:
        return
    rng = np.random.default_rng(seed)
    found = in_style(style, central, sample_of(object_mask, ignore), mask, clicked, rng)
    assert found.foreground == central.foreground
    assert object_mask[found.y, found.x] == found.foreground
    assert mask[found.y, found.x] != found.foreground
    assert not ignore[found.y, found.x]
    assert (found.y, found.x) not in clicked


def drawn(style: ClickStyle, object_mask: NDArray[np.bool_]) -> set[tuple[int, int]]:
    central = next_click(object_mask, NOTHING)
    assert central is not None
    sample = sample_of(object_mask, NOTHING)
    rng = np.random.default_rng(0)
    clicks = [in_style(style, central, sample, NOTHING, (), rng) for _ in range(3000)]
    return {(click.y, click.x) for click in clicks}


def test_jittered_clicks_are_all_pixels_within_half_the_central_depth() -> None:
    square = NOTHING.copy()
    square[10:29, 5:24] = True  # the central click at (19, 14) is 10 px from the outside
    rows, columns = np.ogrid[:40, :40]
    near = (rows - 19) ** 2 + (columns - 14) ** 2 <= 25
    assert drawn("jittered", square) == {tuple(at) for at in np.argwhere(near).tolist()}


def test_random_clicks_are_all_pixels_of_the_eroded_error_in_every_piece() -> None:
    pieces = NOTHING.copy()
    pieces[10:29, 5:24] = True  # 10 px deep
    pieces[2:17, 25:40] = True  # 8 px deep, the frame included
    pieces[33:38, 5:30] = True  # 3 px deep: too shallow
    deep = squared_distances(pieces) > 25
    assert drawn("random", pieces) == {tuple(at) for at in np.argwhere(deep).tolist()}
    assert deep[9, 32]


def test_a_click_that_is_on_no_error_stays() -> None:
    released = RobotClick(0, 0, foreground=False)
    sample = sample_of(NOTHING, NOTHING)
    for style in ("central", "jittered", "random"):
        assert in_style(style, released, sample, NOTHING, (), np.random.default_rng(0)) == released


def test_drawn_clicks_are_all_pixels_that_are_left_and_none_twice() -> None:
    row, ignore = NOTHING.copy(), NOTHING.copy()
    row[20, 10:20] = True
    ignore[20, 15:] = True
    sample = sample_of(row & ~ignore, ignore)
    for seed in range(20):
        clicked: list[tuple[int, int]] = []
        for _ in range(5):
            central = next_click(row, NOTHING, clicked, ignore)
            assert central is not None
            rng = np.random.default_rng(seed)
            click = in_style("random", central, sample, NOTHING, clicked, rng)
            clicked.append((click.y, click.x))
        assert sorted(clicked) == [(20, x) for x in range(10, 15)]


def test_what_is_ignored_is_no_error_even_where_the_object_is() -> None:
    row, ignore = NOTHING.copy(), NOTHING.copy()
    row[20, 10:20] = True
    ignore[20, 12:] = True
    central = RobotClick(20, 10, foreground=True)
    found = {
        in_style("random", central, sample_of(row, ignore), NOTHING, (), np.random.default_rng(n))
        for n in range(30)
    }
    assert {click.x for click in found} == {10, 11}
