"""Eq. 1-3: worked by hand, by a second implementation in NumPy, and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_fcfi.network.ffcm import (
    CorrectedFeedback,
    affinity_to,
    box_around,
    correct,
    focus,
    place,
    soft_box,
)

STRIDE = 4


def second_opinion(
    features: np.ndarray, feedback: np.ndarray, clicks: list[tuple[int, int, int]], ratio: float
) -> np.ndarray:
    """Eq. 1-3 in loops, from the paper's text; clicks are cells ``y, x, sign``."""
    _, height, width = features.shape
    out = feedback.copy()
    for y, x, sign in clicks:
        at_click = features[:, y, x]
        for i in range(height):
            for j in range(width):
                if abs(i - y) > ratio * height / 2 or abs(j - x) > ratio * width / 2:
                    continue
                norms = np.linalg.norm(features[:, i, j]) * np.linalg.norm(at_click)
                w = min(1.0, max(0.0, float(features[:, i, j] @ at_click) / norms))
                out[i, j] = sign * w + (1 - w) * out[i, j]
    return out


def at_cells(clicks: list[tuple[int, int, int]]) -> torch.Tensor:
    """Clicks in input pixels at the centres of cells."""
    return torch.tensor([[(STRIDE * y + 1.5, STRIDE * x + 1.5, s) for y, x, s in clicks]])


def focused(
    features: torch.Tensor,
    feedback: torch.Tensor,
    clicks: torch.Tensor,
    ratio: float,
    **options: bool,
) -> CorrectedFeedback:
    placement = place(clicks, ratio, STRIDE, (features.shape[-2], features.shape[-1]))
    return focus(features, feedback, clicks, placement, **options)


def test_affinity_of_a_three_by_three_map_worked_by_hand() -> None:
    features = torch.tensor(
        [[[1.0, 0, 1], [0, 1, -1], [2, 1, 0]], [[0.0, 1, 1], [1, 0, 0], [0, 1, -1]]]
    )
    got = affinity_to(features[None], torch.tensor([[0, 0]]))
    half = 1 / np.sqrt(2)
    expected = [[1, 0, half], [0, 1, 0], [1, half, 0]]  # the cosine of (-1, 0) is clamped to 0
    np.testing.assert_allclose(got[0, 0], expected, atol=1e-6)


@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.7, 2.0])
def test_focus_agrees_with_the_loops(ratio: float) -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((5, 9, 11)).astype(np.float32)
    feedback = rng.random((9, 11)).astype(np.float32)
    clicks = [(2, 3, 1), (7, 9, 0), (4, 4, 1)]
    got = focused(
        torch.from_numpy(features)[None],
        torch.from_numpy(feedback)[None, None],
        at_cells(clicks),
        ratio,
    )
    expected = second_opinion(features, feedback, clicks, ratio)
    np.testing.assert_allclose(got.feedback[0, 0], expected, atol=1e-5)


@given(st.integers(0, 8), st.integers(0, 8), st.sampled_from([0, 1]), st.integers(0, 10**6))
def test_foreground_never_lowers_and_background_never_raises(
    y: int, x: int, sign: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(1, 4, 9, 9, generator=generator)
    feedback = torch.rand(1, 1, 9, 9, generator=generator)
    got = focused(features, feedback, at_cells([(y, x, sign)]), 0.5)
    change = (got.feedback - feedback) * (1 if sign else -1)
    assert change.min() >= -1e-6
    assert torch.equal(got.feedback[got.box == 0], feedback[got.box == 0])
    assert got.affinity[0, 0, y, x] == pytest.approx(1, abs=1e-5)
    assert got.feedback[0, 0, y, x] == pytest.approx(sign, abs=1e-5)
    assert got.affinity.min() >= 0
    assert got.affinity.max() <= 1 + 1e-6


def test_a_ratio_of_two_covers_the_map_from_any_corner() -> None:
    corners = torch.tensor([[0, 0], [0, 12], [6, 12], [6, 0]])
    assert box_around(corners, 2.0, (7, 13)).all()


def test_an_empty_slot_changes_nothing() -> None:
    feedback = torch.rand(2, 1, 8, 8)
    clicks = torch.tensor([[[5.0, 5, 1]], [[-1.0, -1, -1]]])
    got = focused(torch.randn(2, 3, 8, 8), feedback, clicks, 1)
    assert torch.equal(got.feedback[1], feedback[1])
    assert got.box[1].sum() == 0
    assert got.affinity[1].sum() == 0
    assert not torch.equal(got.feedback[0], feedback[0])


def test_the_newest_click_has_the_last_word() -> None:
    clicks = at_cells([(3, 3, 1), (3, 3, 0)])
    got = focused(torch.randn(1, 3, 8, 8), torch.zeros(1, 1, 8, 8), clicks, 1)
    assert got.feedback[0, 0, 3, 3] == pytest.approx(0, abs=1e-6)


def test_newest_first_gives_the_oldest_click_the_last_word_and_tells_the_newest_affinity() -> None:
    torch.manual_seed(0)
    features, feedback = torch.randn(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    clicks = at_cells([(3, 3, 1), (3, 4, 0)])
    got = focused(features, feedback, clicks, 1, newest_first=True)
    assert got.feedback[0, 0, 3, 3] == pytest.approx(1, abs=1e-6)
    assert got.affinity[0, 0, 3, 4] == pytest.approx(1, abs=1e-6)
    turned = focused(features, feedback, clicks.flip(1), 1)
    assert torch.equal(got.feedback, turned.feedback)


def test_a_soft_box_is_half_at_its_edges_and_whole_inside() -> None:
    box = soft_box(torch.tensor([2.0, 0.0]), torch.tensor([6.0, 9.0]), (9, 9))
    np.testing.assert_allclose(box[:, 4], [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0], atol=1e-4)
    np.testing.assert_allclose(box[4, [0, 1, 8]], [0.5, 1, 1], atol=1e-4)


def test_a_soft_box_of_a_click_lies_where_its_hard_one_does() -> None:
    clicks = at_cells([(7, 8, 1), (-1, -1, -1)])
    clicks[0, 1] = -1
    hard, soft = (place(clicks, 0.5, STRIDE, (16, 20), soft=s) for s in (False, True))
    assert torch.equal(hard.cells, soft.cells)
    np.testing.assert_allclose(hard.boxes, soft.boxes, atol=0.76)
    inner = soft.boxes > 0.99
    assert inner.sum() > 20
    assert (hard.boxes[inner] == 1).all()
    assert soft.boxes[0, 1].sum() == 0


def test_the_gradient_reaches_the_features() -> None:
    features = torch.randn(1, 3, 8, 8, requires_grad=True)
    got = focused(features, torch.zeros(1, 1, 8, 8), at_cells([(3, 3, 1)]), 1)
    got.feedback.sum().backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0


def test_exponential_similarity_falls_with_the_distance_of_features() -> None:
    features = torch.tensor([[[[0.0, 1.0, 3.0]]]])
    got = affinity_to(features, torch.tensor([[0, 0]]), "exponential")
    np.testing.assert_allclose(got[0, 0, 0], np.exp([0.0, -1.0, -9.0]), atol=1e-6)


def test_eq_2_blends_label_and_feedback_by_affinity() -> None:
    got = correct(torch.tensor([0.5, 0.5]), torch.tensor([0.2, 1.0]), torch.tensor([1.0, 0.0]))
    np.testing.assert_allclose(got, [0.2 + 0.8 * 0.5, 0.0])
