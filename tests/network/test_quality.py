"""What the quality head sees of an answer."""

from __future__ import annotations

import torch

from napari_fcfi.network.heads import to_cells
from napari_fcfi.network.quality import QualityHead, described


def test_features_and_context_are_pooled_under_the_mask_and_outside_it() -> None:
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    features, context = torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 2, 2)
    features[:, 0, :, :4], features[:, 1, :, 4:] = 2.0, 5.0
    context[:, 1, :, :1], context[:, 2, :, 1:] = 3.0, 7.0
    inside, outside, context_inside, context_outside = described(features, context, mask)[
        0, :10
    ].split([2, 2, 3, 3])
    # means are drawn towards 0 by one pixel, which keeps those of an empty mask finite
    torch.testing.assert_close(inside, torch.tensor([2.0, 0.0]) * 32 / 33)
    torch.testing.assert_close(outside, torch.tensor([0.0, 5.0]) * 32 / 33)
    torch.testing.assert_close(context_inside, torch.tensor([0.0, 3.0, 0.0]) * 2 / 3)
    torch.testing.assert_close(context_outside, torch.tensor([0.0, 0.0, 7.0]) * 2 / 3)


def test_it_sees_area_sureness_and_the_sides_that_cut_the_mask_off() -> None:
    mask = torch.full((1, 1, 8, 8), 0.5)
    mask[..., :4] = 1
    seen = described(torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 2, 2), mask)[0, 10:]
    area, sure = seen[:2].tolist()
    assert (area, sure) == (0.75, 0.5)
    top, bottom, left, right = seen[2:6].tolist()
    assert (top, bottom, left, right) == (0.75, 0.75, 1.0, 0.5)
    assert seen[6:].tolist() == [1.0, 1.0, 1.0, 0.5]


def test_context_beyond_the_window_does_not_count() -> None:
    mask = torch.rand(1, 1, 10, 6)
    features, context = torch.randn(1, 2, 10, 6), torch.randn(1, 3, 3, 2)
    filled_up = torch.nn.functional.pad(context, (0, 2, 0, 1), value=1e3)
    torch.testing.assert_close(
        described(features, context, mask), described(features, filled_up, mask)
    )


def test_judging_changes_nothing_that_is_judged() -> None:
    features = torch.randn(2, 2, 8, 8, requires_grad=True)
    context = torch.randn(2, 3, 2, 2, requires_grad=True)
    mask = torch.rand(2, 1, 8, 8, requires_grad=True)
    head = QualityHead(2, 3)
    head(features, context, mask).sum().backward()
    assert features.grad is context.grad is mask.grad is None
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_the_last_cells_may_be_cut_off() -> None:
    means = to_cells(torch.arange(6.0).view(1, 1, 1, 6), 4)
    assert means.flatten().tolist() == [1.5, 4.5]
