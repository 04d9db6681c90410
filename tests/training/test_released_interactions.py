"""Training as the authors did: one step of their loop in numbers, and steps of ours like it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_fcfi.checkpoints.released_keys import Names
from napari_fcfi.network import PaperNetwork, Prediction, build_network
from tests.reference_weights import clicks_of_points, fill_synthetically
from training.batches import Batches
from training.data.source import open_source
from training.forward import Batch
from training.loop import Run
from training.optimizer import make_optimizer
from training.recipes import Recipe, recipe
from training.released_interactions import (
    Interaction,
    ReleasedInteractions,
    answer,
    begin,
    played_answer,
    released_loss,
)

STEPS = [
    pytest.param("fcfi_hrnet18s", 0),
    pytest.param("fcfi_hrnet18s", 2),
    pytest.param("fcfi_resnet101", 0, marks=pytest.mark.long),
    pytest.param("fcfi_resnet101", 2, marks=pytest.mark.long),
]
TERMS = {"instance_loss": "mask", "feedback1_loss": "refined", "feedback2_loss": "updated"}


@dataclass
class Step:
    """Our step on the stored points, beside the stored one."""

    network: PaperNetwork
    recipe: Recipe
    names: Names
    prediction: Prediction
    terms: dict[str, Tensor]
    played: list[Tensor]
    stored: dict[str, np.ndarray]

    def gradient_norms(self) -> dict[str, float]:
        """Of every parameter, by its released name; 0 for one that takes no part."""
        return {
            self.names.theirs(name): 0.0 if p.grad is None else float(p.grad.norm())
            for name, p in self.network.named_parameters()
        }


def without_dropout(network: nn.Module) -> None:
    for part in network.modules():
        if isinstance(part, nn.Dropout | nn.Dropout2d):
            part.p = 0.0


def take(data_root: Path, model: str, iterations: int, dtype: torch.dtype) -> Step:
    file = data_root / "reference" / f"training_step_{model}_iters{iterations}.npz"
    with np.load(file, allow_pickle=False) as content:
        stored = dict(content)
    chosen = recipe(f"{model}_released")
    network = build_network(chosen.architecture)
    assert isinstance(network, PaperNetwork)
    names = Names(network.architecture)
    fill_synthetically(network, names.theirs)
    without_dropout(network)
    network.to(dtype).train()
    images = (torch.from_numpy(stored["images"]).permute(0, 3, 1, 2).float() / 255).to(dtype)
    target = torch.from_numpy(stored["gt"]).to(dtype)
    feedback = torch.zeros_like(target)
    played = []
    rounds = list(interactions(stored, iterations))
    for i, (clicks, new_clicks) in enumerate(rounds[:-1]):
        given = Interaction(clicks, new_clicks, feedback, is_first=i == 0)
        feedback = played_answer(network, images, given, chosen)
        played.append(feedback)
    last = Interaction(*rounds[-1], feedback, is_first=iterations == 0)
    prediction = answer(network, images, last, chosen)
    terms = released_loss(prediction, target, chosen)
    torch.stack(list(terms.values())).sum().backward()
    return Step(network, chosen, names, prediction, terms, played, stored)


def interactions(stored: dict[str, np.ndarray], count: int) -> Iterable[tuple[Tensor, Tensor]]:
    """Clicks and new clicks of every interaction; at first the new one is the first slot's."""
    first = stored["points_initial"][:, 0].copy()
    first[:, 2] = 1
    yield clicks_of_points(stored["points_initial"]), torch.from_numpy(first)[:, None]
    for i in range(count):
        points, new = stored[f"iter{i}_points"], stored[f"iter{i}_new"]
        yield clicks_of_points(points), torch.from_numpy(new)[:, None]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "iterations"), STEPS)
@pytest.mark.parametrize(
    ("dtype", "suffix", "loss_tolerance", "norm_tolerance"),
    [(torch.float32, "", 1e-3, 1e-2), (torch.float64, "_f64", 1e-6, 1e-5)],
    ids=["float32", "float64"],
)
def test_a_step_has_the_released_losses_and_gradients(
    data_root: Path,
    model: str,
    iterations: int,
    dtype: torch.dtype,
    suffix: str,
    loss_tolerance: float,
    norm_tolerance: float,
) -> None:
    step = take(data_root, model, iterations, dtype)
    stored = step.stored
    weights = {
        "mask": 1.0,
        "refined": step.recipe.refined_weight,
        "updated": step.recipe.updated_weight,
    }
    for name, expected in zip(stored["loss_names"], stored[f"loss_values{suffix}"], strict=True):
        term = TERMS[str(name)]
        assert step.terms[term].item() / weights[term] == pytest.approx(
            float(expected), rel=loss_tolerance
        )
    total = sum(term.item() for term in step.terms.values())
    assert total == pytest.approx(float(stored[f"loss_total{suffix}"]), rel=loss_tolerance)

    norms = step.gradient_norms()
    assert sorted(norms) == sorted(stored["param_names"].tolist())
    groups = stored["group_names"].tolist()
    for group, expected in zip(groups, stored[f"group_grad_norms{suffix}"], strict=True):
        inside = [v for name, v in norms.items() if f"{name}.".startswith(f"{group}.")]
        assert math.hypot(*inside) == pytest.approx(float(expected), rel=norm_tolerance), group
    if dtype == torch.float64:
        for name, expected in zip(stored["param_names"], stored["grad_norms_f64"], strict=True):
            assert norms[name] == pytest.approx(float(expected), rel=1e-5, abs=1e-9), name


@pytest.mark.slow
@pytest.mark.parametrize(("model", "iterations"), STEPS)
def test_a_step_gives_and_leaves_what_the_released_one_does(
    data_root: Path, model: str, iterations: int
) -> None:
    step = take(data_root, model, iterations, torch.float32)
    stored = step.stored
    for i, feedback in enumerate(step.played):
        near(feedback, stored[f"iter{i}_prev"], 2e-3)
    box = functional.interpolate(step.prediction.box, size=stored["gt"].shape[-2:])
    near(box, stored["valid_masks_nearest_upsampled"], 1e-6)
    near(step.prediction.logits, stored["instances"], 1e-2)  # stored in float16
    stem = step.network.backbone.body.bn1.running_mean
    near(stem, stored["bn_running_mean_stem"], 1e-6)

    before = {name: p.detach().clone() for name, p in step.network.named_parameters()}
    optimizer = make_optimizer(step.network, step.recipe)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    optimizer.step()
    norms = step.gradient_norms()
    ours = {
        step.names.theirs(name): (rates[id(p)], float((p.detach() - before[name]).abs().max()))
        for name, p in step.network.named_parameters()
    }
    columns = ("param_names", "lr_per_param", "max_abs_change_after_one_adam_step")
    for name, rate, change in zip(*(stored[column] for column in columns), strict=True):
        assert ours[name][0] == rate, name
        # a gradient of nothing but rounding may be scaled up by Adam to any size below the rate
        if norms[name] > 1e-4:
            assert ours[name][1] == pytest.approx(float(change), rel=1e-2), name


def near(ours: Tensor | None, stored: np.ndarray, tolerance: float) -> None:
    assert ours is not None
    np.testing.assert_allclose(ours.detach().numpy(), stored, atol=tolerance, rtol=0)


KINDS = [
    "fcfi_hrnet18s_cocolvis",
    "fcfi_hrnet18s_released",
    "fcfi_resnet101_sbd",
    "baseline_resnet101_sbd",
    pytest.param("fcfi_resnet101_released", marks=pytest.mark.long),
    "ritm_hrnet18s",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_step_of_every_kind_of_network_is_taken(folder: Path, tmp_path: Path, name: str) -> None:
    small = {"crop": (64, 96), "pictures": 2, "batch_statistics": "frozen"}
    chosen = recipe(name).model_copy(update=small)
    torch.manual_seed(0)
    run = Run(chosen, tmp_path / "run", build_network(chosen.architecture))
    before = {k: v.clone() for k, v in run.module.network.state_dict().items()}
    logged, _ = run.take_step(Batches(open_source(folder), chosen).make(0))
    after = run.module.network.state_dict()
    assert logged["skipped"] == 0
    assert math.isfinite(logged["loss/all"])
    assert all(torch.isfinite(value).all() for value in after.values())
    assert any(not torch.equal(value, before[key]) for key, value in after.items())
    for key, value in run.averaged.module.state_dict().items():
        assert torch.equal(value, after[key]), key  # the recipe takes the newest weights


@pytest.mark.slow
def test_terms_are_finite_whatever_number_of_interactions_is_drawn() -> None:
    chosen = recipe("ritm_hrnet18s").model_copy(update={"crop": (64, 64)})
    torch.manual_seed(0)
    network = build_network(chosen.architecture)
    assert isinstance(network, PaperNetwork)
    module = ReleasedInteractions(network, chosen)
    targets = torch.zeros(3, 2, 64, 64, dtype=torch.int8)
    targets[0, 0, 10:30, 10:30] = 1
    targets[0, 1, 40:60, 10:30] = 1
    targets[1, :, 20:44, 20:44] = 1
    targets[1, :, :8] = -1
    images = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    seen = set()
    for rounds in (1, 2, 3, 4):
        users = [np.random.default_rng((rounds, i)) for i in range(3)]
        terms, logged, _ = module(Batch(images, targets, torch.ones(3, 2)), users, rounds)
        assert set(terms) == {"mask", "auxiliary"}
        assert all(torch.isfinite(term) for term in terms.values())
        assert module.network.training
        seen |= {key for key in logged if key.startswith("iou/")}
    assert seen == {f"iou/round{rounds}" for rounds in (1, 2, 3, 4)}


def test_a_user_wants_one_of_the_objects_and_clicks_on_it() -> None:
    objects = np.zeros((3, 40, 40), np.int8)
    objects[0, 5:15, 5:15] = objects[1, 5:15, 5:15] = 1  # asked for twice
    objects[2, 20:36, 20:36] = 1
    objects[:, :2] = -1
    areas = set()
    for seed in range(60):
        wanted, table = begin(np.random.default_rng(seed), objects, central_first=True)
        assert (wanted[:2] == -1).all()
        areas.add(int((wanted == 1).sum()))
        for y, x, sign in table[table[:, 2] >= 0]:
            assert wanted[int(y), int(x)] == sign
    assert areas == {100, 256, 356}


def test_a_picture_without_objects_is_all_background() -> None:
    empty = np.zeros((2, 40, 40), np.int8)
    wanted, table = begin(np.random.default_rng(0), empty, central_first=True)
    assert not wanted.any()
    assert not (table[:, 2] == 1).any()


def test_a_light_network_cannot_be_trained_in_the_released_way() -> None:
    with pytest.raises(ValueError, match="Expected one of the paper's networks"):
        Recipe(name="wrong", interactions="released")
