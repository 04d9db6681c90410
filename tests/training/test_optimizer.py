"""Two rates, and the average that is released."""

from __future__ import annotations

import pytest
import torch

from napari_fcfi.network import FCFI, build_network
from training.optimizer import USUAL_SIZE, make_optimizer, moving_average
from training.recipes import Recipe, recipe, recipe_names


def test_counters_of_batch_norms_are_taken_over_by_the_average() -> None:
    averaged, current = [torch.zeros(2), torch.tensor(0)], [torch.ones(2), torch.tensor(7)]
    moving_average(0.9)(averaged, current, 1000)
    torch.testing.assert_close(averaged[0], torch.full((2,), 0.1))
    assert averaged[1].item() == 7


def test_a_slow_part_that_the_network_lacks_is_refused() -> None:
    wrong = Recipe(name="small", slow_parts=("backbone.body.",))
    with pytest.raises(ValueError, match=r"has 'backbone.body.'.*correct the recipe"):
        make_optimizer(FCFI(), wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_has_a_slow_part_and_a_quick_one(name: str) -> None:
    chosen = recipe(name).model_copy(update={"slow_rates": "alike"})
    with torch.device("meta"):
        built = build_network(chosen.architecture)
    optimizer = make_optimizer(built, chosen)
    slow, rest = (sum(p.numel() for p in g["params"]) for g in optimizer.param_groups)
    assert slow > 0
    assert rest > 0


def test_slow_tensors_change_by_the_same_share_where_the_recipe_says_so() -> None:
    by_size = Recipe(name="small", slow_rates="by_size", weight_decay=0)
    network = FCFI()
    optimizer = make_optimizer(network, by_size)
    *slow, rest = optimizer.param_groups
    assert rest["lr"] == by_size.learning_rate
    trained = {p for p in network.backbone.parameters() if p.requires_grad}
    assert {p for group in slow for p in group["params"]} == trained
    before = {p: p.detach().clone() for p in trained}
    for p in trained:
        p.grad = torch.ones_like(p)
    optimizer.step()
    shares = [
        float((old - p.detach()).norm() / old.norm())
        for p, old in before.items()
        if 0.01 < old.square().mean().sqrt() < 1
    ]
    assert len(shares) > 20
    expected = by_size.learning_rate * by_size.backbone_factor / USUAL_SIZE
    assert shares == pytest.approx([expected] * len(shares), rel=1e-3)


def test_the_paper_trains_the_backbone_with_adam_at_a_tenth_of_the_rate() -> None:
    chosen = recipe("fcfi_resnet101_sbd")
    with torch.device("meta"):
        optimizer = make_optimizer(build_network(chosen.architecture), chosen)
    slow, rest = optimizer.param_groups
    assert (slow["lr"], rest["lr"]) == pytest.approx((5e-5, 5e-4))
    assert slow["betas"] == rest["betas"] == (0.9, 0.999)
    assert slow["weight_decay"] == rest["weight_decay"] == 0
