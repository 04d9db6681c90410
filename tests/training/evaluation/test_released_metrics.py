"""The authors' metrics: each defect by hand, and all of it against the reference."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training.evaluation import metrics
from training.evaluation.metrics import clicks_needed
from training.evaluation.released_metrics import assd, biou, iou, nof

EMPTY = np.zeros((12, 16), bool)
SQUARE = EMPTY.copy()
SQUARE[3:9, 4:12] = True
RING = EMPTY.copy()
RING[2:10, 3:13] = True
RING &= ~SQUARE


def stored(data_root: Path) -> dict[str, NDArray[Any]]:
    with np.load(data_root / "reference" / "metrics.npz", allow_pickle=False) as file:
        found = dict(file)
    masks = np.unpackbits(found["pred_packed"], axis=-1)[..., : found["gt"].shape[2]]
    return {**found, "masks": masks.astype(bool)}


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("iou", iou),
        ("biou_002", biou),
        ("biou_005", lambda *masks: biou(*masks, band=0.05)),
        ("assd", assd),
    ],
)
def test_measures_of_masks_agree_with_the_reference(
    data_root: Path, name: str, measure: Any
) -> None:
    given = stored(data_root)
    found = [measure(m, t == 1, t == -1) for m, t in zip(given["masks"], given["gt"], strict=True)]
    assert np.isnan(given[name]).any()
    np.testing.assert_allclose(found, given[name], rtol=0, atol=1e-9)


def test_noc_and_nof_agree_with_the_reference(data_root: Path) -> None:
    given = stored(data_root)
    ious = given["noc_ious"]
    for number, threshold in enumerate((0.80, 0.85, 0.90, 0.95)):
        clicks, _ = clicks_needed(ious, threshold)
        np.testing.assert_array_equal(clicks, given["noc_per_sample"][:, number])
        assert metrics.noc(ious, threshold) == pytest.approx(given["noc_mean"][number], abs=1e-9)
        assert nof(ious, threshold) == given["nof_count"][number]


def test_two_empty_masks_have_no_measure() -> None:
    assert math.isnan(iou(EMPTY, EMPTY))
    assert math.isnan(iou(SQUARE, SQUARE, ignore=SQUARE))
    assert math.isnan(biou(EMPTY, EMPTY))
    assert math.isnan(assd(EMPTY, EMPTY))


def test_a_correct_mask_has_no_border_against_ignored_pixels() -> None:
    assert biou(SQUARE, SQUARE) == 1
    assert biou(SQUARE, SQUARE, ignore=RING) == 0


def test_borders_of_holes_are_no_contours() -> None:
    holed = SQUARE.copy()
    holed[5:7, 6:9] = False
    assert assd(holed, SQUARE) == 0


def test_distances_from_nothing_are_measured_to_above_the_first_pixel() -> None:
    one = EMPTY.copy()
    one[3, 4] = True
    assert assd(one, EMPTY) == pytest.approx(math.hypot(4, 4))


def test_success_with_the_last_click_counts_as_failure() -> None:
    assert nof([[0.1, 0.9], [0.9, 0.1], [0.1, 0.1]], 0.9, max_clicks=2) == 2
