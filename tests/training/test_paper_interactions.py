"""Clicks as the paper's section 4.1 words them, and the forward pass that plays them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_fcfi.network import build_network
from training.forward import Batch
from training.paper_interactions import PaperInteractions, mislabelled_clicks
from training.recipes import recipe


@given(st.integers(0, 2**32 - 1))
def test_clicks_lie_on_what_is_wrong_and_have_its_sign(seed: int) -> None:
    rng = np.random.default_rng(seed)
    target = rng.integers(-1, 2, (12, 16)).astype(np.int8)
    mask = rng.random((12, 16)) > 0.5
    clicks = mislabelled_clicks(rng, target, mask, 24)
    assert 1 <= len(clicks) <= 24
    for y, x, sign in clicks:
        assert target[int(y), int(x)] == sign
        assert mask[int(y), int(x)] != sign


def test_the_first_clicks_lie_on_the_object_away_from_its_border() -> None:
    target = np.zeros((40, 60), np.int8)
    target[10:30, 10:50] = 1
    clicks = mislabelled_clicks(np.random.default_rng(0), target, np.zeros((40, 60), bool), 24)
    for y, x, sign in clicks:
        assert sign == 1
        assert 13 <= y < 27
        assert 13 <= x < 47


def test_all_numbers_of_clicks_up_to_the_most_come_up() -> None:
    target = np.ones((20, 20), np.int8)
    nothing = np.zeros((20, 20), bool)
    numbers = {
        len(mislabelled_clicks(np.random.default_rng(i), target, nothing, 3)) for i in range(50)
    }
    assert numbers == {1, 2, 3}


def test_whoever_sees_what_he_wants_does_not_click() -> None:
    target = np.array([[1, 0, -1]], np.int8)
    mask = np.array([[True, False, True]])
    assert mislabelled_clicks(np.random.default_rng(0), target, mask, 24) == []


@pytest.mark.parametrize("rounds", [1, 3])
def test_only_the_last_interaction_has_a_gradient_and_the_batch_norms_see_it_alone(
    rounds: int,
) -> None:
    chosen = recipe("fcfi_hrnet18s_cocolvis").model_copy(update={"crop": (64, 64)})
    torch.manual_seed(0)
    network = build_network(chosen.architecture)
    module = PaperInteractions(network, chosen).train()
    targets = torch.zeros(2, 1, 64, 64, dtype=torch.int8)
    targets[:, :, 16:48, 16:48] = 1
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    users = [np.random.default_rng(i) for i in range(2)]
    terms, logged, last = module(Batch(images, targets, torch.ones(2, 1)), users, rounds)
    assert set(terms) == {"mask", "refined", "updated"}
    assert f"iou/round{rounds}" in logged
    assert bool(last.feedback.any()) == (rounds > 1)  # the answer to the clicks before
    assert not last.feedback.requires_grad
    counters = {v.item() for k, v in network.state_dict().items() if "num_batches" in k}
    assert counters == {0, 1}  # the attention over one object has parts that nothing enters
    assert all(part.training for part in network.modules())
