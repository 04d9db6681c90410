"""Pictures of cases: what is drawn, and what the lines below them say."""

from __future__ import annotations

import numpy as np
import pytest

from training.data.evaluation_sets import Sample
from training.report.cases import ReplayedCase, Seen
from training.report.gallery import case_views
from training.report.tiles import IGNORED, picture

OBJECT = np.zeros((40, 60), bool)
OBJECT[10:30, 10:40] = True
BAND = np.zeros_like(OBJECT)
BAND[30:36] = True


def test_ignored_pixels_are_hatched_and_no_others() -> None:
    drawn = picture(np.zeros((40, 60), np.uint8), ignored=BAND, long_side=60)
    hatched = (drawn == IGNORED).all(axis=2)
    assert 0.1 < hatched[BAND].mean() < 0.5
    assert not hatched[~BAND].any()


@pytest.mark.parametrize("ignored", [BAND, np.zeros_like(BAND)])
def test_a_case_says_width_by_height_and_whether_pixels_are_ignored(ignored: np.ndarray) -> None:
    sample = Sample("x", np.zeros((40, 60), np.uint8), OBJECT, ignored)
    (view,) = case_views(Seen("d", [], [ReplayedCase("best", 0, sample, {})], []))
    assert view.object.caption == "the object, 600 px of 60 × 40"
    assert view.has_ignored == ignored.any()
