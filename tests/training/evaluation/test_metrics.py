"""Metrics: by hand, and against the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.evaluation.metrics import (
    assd,
    biou,
    carried_on,
    clicks_needed,
    iou,
    mean_after,
    noc,
    nof,
)

LEFT = np.array([[True, True, False, False]])
MIDDLE = np.array([[False, True, True, False]])
NOTHING = np.zeros((1, 4), bool)


def test_iou_is_the_shared_part_of_both_masks() -> None:
    assert iou(LEFT, MIDDLE) == pytest.approx(1 / 3)


def test_ignored_pixels_count_neither_for_nor_against_the_mask() -> None:
    assert iou(LEFT, MIDDLE, ignore=np.array([[True, False, True, True]])) == 1.0
    assert iou(LEFT, MIDDLE, ignore=np.array([[False, True, False, False]])) == 0.0


def test_two_empty_masks_agree() -> None:
    assert iou(NOTHING, NOTHING) == 1.0
    assert iou(LEFT, LEFT, ignore=LEFT) == 1.0


def test_one_empty_mask_shares_nothing() -> None:
    assert iou(NOTHING, LEFT) == 0.0


SQUARE = np.zeros((12, 16), bool)
SQUARE[3:9, 4:12] = True
EMPTY = np.zeros_like(SQUARE)


def test_biou_compares_bands_along_the_borders() -> None:
    smaller = SQUARE.copy()
    smaller[3] = False  # one row less: the band is one pixel wide here
    ours, theirs = (m & ~np.pad(_eroded(m), 1) for m in (smaller, SQUARE))
    expected = (ours & theirs).sum() / (ours | theirs).sum()
    assert biou(smaller, SQUARE) == pytest.approx(expected)
    assert biou(SQUARE, SQUARE) == 1
    assert biou(SQUARE, EMPTY) == 0


def _eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Inner pixels all of whose eight neighbours are in the mask, by loops over them."""
    height, width = mask.shape
    shifts = [(dy, dx) for dy in range(3) for dx in range(3)]
    found = np.ones((height - 2, width - 2), bool)
    for dy, dx in shifts:
        found &= mask[dy : height - 2 + dy, dx : width - 2 + dx]
    return found


def test_bands_grow_with_the_picture() -> None:
    large = np.ones((300, 400), bool)  # a diagonal of 500: the band is 10 px
    with_hole = large.copy()
    with_hole[150, 200] = False
    band = 300 * 400 - 280 * 380
    assert biou(with_hole, large) == pytest.approx(band / (band + 21 * 21 - 1))


def test_assd_is_the_mean_distance_of_both_contours() -> None:
    one, other = EMPTY.copy(), EMPTY.copy()
    one[2, 2] = True
    other[2, 5] = other[6, 2] = True
    assert assd(one, other) == pytest.approx((3 + 3 + 4) / 3)
    assert assd(SQUARE, SQUARE) == 0


def test_assd_sees_holes() -> None:
    holed = SQUARE.copy()
    holed[5:7, 6:9] = False
    assert assd(holed, SQUARE) > 0


def test_assd_agrees_with_a_search_over_all_pairs(rng: np.random.Generator) -> None:
    for _ in range(5):
        masks = rng.random((2, 9, 11)) > 0.4
        contours = [np.argwhere(m & ~_with_all_neighbours(m)) for m in masks]
        nearest = [
            [min(np.hypot(*(p - q)) for q in contours[1 - k]) for p in contours[k]]
            for k in range(2)
        ]
        assert assd(*masks) == pytest.approx(np.mean(nearest[0] + nearest[1]))


def _with_all_neighbours(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels all of whose four neighbours are in the mask; none lie beyond the picture."""
    padded = np.pad(mask, 1)
    up, down, left, right = padded[:-2], padded[2:], padded[:, :-2], padded[:, 2:]
    return up[:, 1:-1] & down[:, 1:-1] & left[1:-1] & right[1:-1]


def test_empty_masks_are_equal_or_as_far_apart_as_can_be() -> None:
    assert (biou(EMPTY, EMPTY), assd(EMPTY, EMPTY)) == (1, 0)
    assert assd(EMPTY, SQUARE) == assd(SQUARE, EMPTY) == 20  # the diagonal


def test_ignored_pixels_decide_on_no_border() -> None:
    ring = EMPTY.copy()
    ring[2:10, 3:13] = True
    ring &= ~SQUARE
    for mask in (SQUARE, SQUARE | ring):
        assert biou(mask, SQUARE, ignore=ring) == 1
        assert assd(mask, SQUARE, ignore=ring) == 0


IOUS = [[0.5, 0.9, 0.7], [0.95, 0.2, 0.99], [0.1, 0.2, 0.9], [0.1, 0.2, 0.3]]


def test_noc_counts_clicks_to_the_first_hit_and_a_miss_as_all_clicks() -> None:
    assert noc(IOUS, 0.9, max_clicks=3) == pytest.approx((2 + 1 + 3 + 3) / 4)


def test_nof_counts_only_objects_that_never_reach_the_threshold() -> None:
    assert nof(IOUS, 0.9, max_clicks=3) == 1


def test_clicks_beyond_the_limit_are_not_looked_at() -> None:
    clicks, reached = clicks_needed(IOUS, 0.9, max_clicks=1)
    assert clicks.tolist() == [1, 1, 1, 1]
    assert reached.tolist() == [False, True, False, False]


def test_iou_at_n_is_the_mean_over_objects_after_n_clicks() -> None:
    assert mean_after(IOUS, 1) == pytest.approx((0.5 + 0.95 + 0.1 + 0.1) / 4)


def test_the_last_iou_is_carried_on() -> None:
    assert carried_on([0.4, 1.0], 4) == [0.4, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("ious", [[], [0.1, 0.2, 0.3]])
def test_no_values_or_too_many_are_one_clear_sentence(ious: list[float]) -> None:
    with pytest.raises(ValueError, match="Expected the values of 1 to 2 clicks"):
        carried_on(ious, 2)


def test_iou_agrees_with_the_reference(data_root: Path) -> None:
    reference = np.load(data_root / "reference" / "metrics.npz", allow_pickle=False)
    truths = reference["gt"]
    masks = np.unpackbits(reference["pred_packed"], axis=-1)[..., : truths.shape[2]].astype(bool)
    found = [iou(m, t == 1, t == -1) for m, t in zip(masks, truths, strict=True)]
    expected = np.nan_to_num(reference["iou"], nan=1.0)  # two empty masks: nan there
    assert np.isnan(reference["iou"]).any()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_noc_and_nof_agree_with_the_reference(data_root: Path) -> None:
    reference = np.load(data_root / "reference" / "metrics.npz", allow_pickle=False)
    ious = reference["noc_ious"]
    last_click_hits = 0
    for number, threshold in enumerate(reference["noc_thresholds"].tolist()):
        clicks, reached = clicks_needed(ious, threshold)
        np.testing.assert_array_equal(clicks, reference["noc_per_sample"][:, number])
        assert noc(ious, threshold) == pytest.approx(reference["noc_mean"][number], abs=1e-9)
        hits = int(np.count_nonzero(reached & (clicks == 20)))
        last_click_hits += hits  # failures there, as the reference counts them
        assert nof(ious, threshold) + hits == reference["nof_count"][number]
    assert last_click_hits > 0
