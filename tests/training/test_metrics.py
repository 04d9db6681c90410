"""Metrics: by hand, and against the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.metrics import carried_on, clicks_needed, iou, iou_at, noc, nof

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
    assert iou_at(IOUS, 1) == pytest.approx((0.5 + 0.95 + 0.1 + 0.1) / 4)


def test_the_last_iou_is_carried_on() -> None:
    assert carried_on([0.4, 1.0], 4) == [0.4, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("ious", [[], [0.1, 0.2, 0.3]])
def test_no_ious_or_too_many_are_one_clear_sentence(ious: list[float]) -> None:
    with pytest.raises(ValueError, match="expected the IoUs of 1 to 2 clicks"):
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
