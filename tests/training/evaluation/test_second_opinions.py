"""Metrics against independent implementations, over random masks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from training.evaluation.metrics import assd, biou, iou

Mask = NDArray[np.bool_]


@st.composite
def two_masks(draw: st.DrawFn) -> tuple[Mask, Mask]:
    """Smooth shapes with holes and pieces, up to 90 px a side, or plain noise; possibly empty."""
    shape = draw(st.tuples(st.integers(3, 90), st.integers(3, 90)))
    found = []
    for _ in range(2):
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        smooth = draw(st.sampled_from([0.0, 1.0, 4.0]))
        noise = ndimage.gaussian_filter(rng.normal(size=shape), smooth)
        share = draw(st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9, 1.0]))
        level = np.quantile(noise, 1 - share)
        found.append(noise >= level if share else np.zeros(shape, bool))
    return found[0], found[1]


@pytest.mark.slow
@settings(max_examples=100)
@given(masks=two_masks())
def test_iou_agrees_with_scikit_learn(masks: tuple[Mask, Mask]) -> None:
    from sklearn.metrics import jaccard_score

    ours, theirs = masks
    expected = jaccard_score(theirs.ravel(), ours.ravel(), zero_division=1.0)
    assert iou(ours, theirs) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60)
@given(masks=two_masks(), ignored=arrays(bool, (90, 90)))
def test_iou_of_counted_pixels_agrees_with_scikit_learn(
    masks: tuple[Mask, Mask], ignored: Mask
) -> None:
    from sklearn.metrics import jaccard_score

    ours, theirs = masks
    ignore = ignored[: ours.shape[0], : ours.shape[1]]
    if ignore.all():
        return
    expected = jaccard_score(theirs[~ignore], ours[~ignore], zero_division=1.0)
    assert iou(ours, theirs, ignore) == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:monai:FutureWarning")  # its own call of its own function
@settings(max_examples=60)
@given(masks=two_masks())
def test_assd_agrees_with_monai(masks: tuple[Mask, Mask]) -> None:
    import torch
    from monai.metrics import compute_average_surface_distance

    ours, theirs = masks
    if not (ours.any() and theirs.any()):  # undefined there
        return
    as_batch = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in masks]
    expected = compute_average_surface_distance(*as_batch, include_background=True, symmetric=True)
    assert assd(ours, theirs) == pytest.approx(float(expected[0, 0]), abs=1e-4)


@settings(max_examples=100)
@given(masks=two_masks())
def test_biou_agrees_with_its_published_definition(masks: tuple[Mask, Mask]) -> None:
    """Section 4 of the paper: G_d is what lies within d of the contour of G, inside G.

    The contour runs along the frame, too. Distances are those of steps to eight neighbours, taken
    here by repeated erosions with a 3 x 3 square; d is 2 % of the diagonal, rounded.
    """
    ours, theirs = masks
    d = max(1, round(0.02 * float(np.hypot(*ours.shape))))
    bands = []
    for mask in masks:
        framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        inner = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=d)[1:-1, 1:-1]
        bands.append(mask & (inner == 0))
    union = np.count_nonzero(bands[0] | bands[1])
    expected = np.count_nonzero(bands[0] & bands[1]) / union if union else 1.0
    assert biou(ours, theirs) == pytest.approx(expected, abs=1e-12)
