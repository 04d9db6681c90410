"""Eq. 4-5 and their ablations."""

from __future__ import annotations

import torch

from napari_fcfi.network.cffm import CFFM, normalised_layers, plain_layers


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(2, 6, 7, 9), torch.rand(2, 1, 7, 9)


def test_a_closed_gate_leaves_the_features_as_they_are() -> None:
    features, feedback = inputs()
    module = CFFM(plain_layers(6, 4))
    gate = torch.tensor([0.0, 1.0])[:, None, None, None]
    fused = module(features, feedback, gate)
    assert torch.equal(fused.features[0], features[0])
    assert not torch.equal(fused.features[1], features[1])


def test_eq_4_and_5_written_out() -> None:
    features, feedback = inputs()
    module = CFFM(plain_layers(6, 4))
    updated = torch.sigmoid(module.update(torch.cat([module.encode(features), feedback], dim=1)))
    expected = module.fuse(torch.cat([features, updated], dim=1)) + features
    fused = module(features, feedback, torch.ones(2, 1, 1, 1))
    assert torch.equal(fused.feedback, updated)
    assert torch.equal(fused.features, expected)


def test_without_the_residual_the_gate_is_open() -> None:
    features, feedback = inputs()
    module = CFFM(plain_layers(6, 4), residual=False)
    closed = module(features, feedback, torch.zeros(2, 1, 1, 1)).features
    assert torch.equal(closed, module(features, feedback, torch.ones(2, 1, 1, 1)).features)
    assert closed.abs().sum() > 0


def test_without_the_gate_the_first_interaction_is_fused_too() -> None:
    features, feedback = inputs()
    fused = CFFM(plain_layers(6, 4), gated=False)(features, feedback, torch.zeros(2, 1, 1, 1))
    assert not torch.equal(fused.features, features)


def test_a_second_update_starts_from_the_first_ones_features() -> None:
    features, feedback = inputs()
    layers = plain_layers(6, 4)
    gate = torch.ones(2, 1, 1, 1)
    once = CFFM(layers)
    first = once(features, feedback, gate)
    expected = once(first.features, feedback, gate)
    twice = CFFM(layers, updates=2)(features, feedback, gate)
    assert torch.equal(twice.features, expected.features)
    assert torch.equal(twice.feedback, expected.feedback)


def test_a_pathway_of_one_channel_changes_all_channels_alike_and_never_lowers_them() -> None:
    features, feedback = inputs()
    module = CFFM(normalised_layers(6, 4, one_channel=True)).eval()
    change = module(features, feedback, torch.ones(2, 1, 1, 1)).features - features
    torch.testing.assert_close(change, change[:, :1].expand_as(change), atol=1e-6, rtol=0)
    assert change.min() >= -1e-6
    alone = CFFM(normalised_layers(6, 4, one_channel=True), residual=False)
    assert alone(features, feedback, torch.zeros(2, 1, 1, 1)).features.shape == features.shape
