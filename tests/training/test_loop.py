"""The loop on real small pictures: it resumes exactly, decays apart, and learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from napari_fcfi.checkpoints import Card, load_model, untrained_model, write_checkpoint
from napari_fcfi.network import FCFI, Architecture, build_network
from napari_fcfi.network.clicks import interaction_map
from training.data.folders import read_folders
from training.export import export
from training.imagenet import lite0_weights
from training.interactions import as_tensor
from training.loop import (
    STATE_NAME,
    Batches,
    Run,
    make_optimizer,
    moving_average,
    rate_factor,
)
from training.recipes import Recipe, recipe, recipe_names
from training.train import beginning

SMALL = Recipe(name="small", crop=64, pictures=2, warm_up=2, bf16=False, ema=0.9)


def network() -> FCFI:
    torch.manual_seed(0)
    return FCFI()


def weights(run: Run) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in run.averaged.state_dict().items()}


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(
    folder: Path, tmp_path: Path
) -> None:
    pictures = read_folders(folder)
    whole = Run(SMALL, tmp_path / "whole", network())
    whole.train(pictures, until=4)
    for until in (1, 3, 4):  # a new process each time, as far as the state is concerned
        pieces = Run(SMALL, tmp_path / "pieces", network())
        pieces.train(pictures, until=until)
    assert pieces.samples == whole.samples == 16
    expected = weights(whole)
    for name, value in weights(pieces).items():
        assert torch.equal(value, expected[name]), name


def test_a_decay_branch_leaves_the_run_as_it_was(folder: Path, tmp_path: Path) -> None:
    pictures = read_folders(folder)
    run = Run(SMALL, tmp_path, network())
    run.train(pictures, until=2)
    before = (tmp_path / "last.pt").read_bytes()
    branch = Run(SMALL, tmp_path, network(), decay_steps=2)
    branch.train(pictures, until=100)
    assert branch.step == 4
    assert (tmp_path / "last.pt").read_bytes() == before
    assert (tmp_path / "decayed.pt").exists()
    assert Run(SMALL, tmp_path, network()).step == 2


def test_a_finished_branch_makes_way_for_the_next(folder: Path, tmp_path: Path) -> None:
    pictures = read_folders(folder)
    Run(SMALL, tmp_path, network()).train(pictures, until=1)
    Run(SMALL, tmp_path, network(), decay_steps=1).train(pictures, until=100)
    Run(SMALL, tmp_path, network()).train(pictures, until=3)
    again = Run(SMALL, tmp_path, network(), decay_steps=2)
    assert (again.decay_from, again.step) == (3, 3)
    again.train(pictures, until=100)
    assert again.step == 5


def test_a_run_is_not_gone_on_with_by_another_recipe(folder: Path, tmp_path: Path) -> None:
    Run(SMALL, tmp_path, network()).train(read_folders(folder), until=1)
    with pytest.raises(ValueError, match="Expected the recipe"):
        Run(SMALL.model_copy(update={"clip": 1.0}), tmp_path, network())


def test_a_gradient_that_is_not_finite_changes_nothing(folder: Path, tmp_path: Path) -> None:
    run = Run(SMALL, tmp_path, network())
    batch = Batches(read_folders(folder), SMALL).make(0)
    before = weights(run)
    hook = run.module.network.head.coarse.weight.register_hook(lambda g: g * torch.nan)
    logged = run.take_step(batch)
    hook.remove()
    assert (logged["skipped"], run.step) == (1, 1)
    assert all(torch.equal(value, before[name]) for name, value in weights(run).items())
    assert run.take_step(batch)["skipped"] == 0


def test_a_run_stops_after_the_step_that_is_being_taken(folder: Path, tmp_path: Path) -> None:
    run = Run(SMALL, tmp_path, network())
    run.stop()
    run.train(read_folders(folder), until=5)
    assert run.step == 0
    assert (tmp_path / STATE_NAME).exists()


def test_a_checkpoint_to_begin_with_is_trained(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_checkpoint(path, untrained_model(seed=1).network, Card(name="mine"))
    run = Run(SMALL, tmp_path / "run", beginning(SMALL, tmp_path / "run", str(path)))
    before = {k: v.clone() for k, v in run.module.network.state_dict().items()}
    run.train(read_folders(folder), until=2)
    after = run.module.network.state_dict()
    assert any(not torch.equal(value, before[name]) for name, value in after.items())
    with pytest.raises(ValueError, match="holds one already"):
        beginning(SMALL, tmp_path / "run", str(path))


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(fusion="early"),
        Architecture(fusion="early", feedback="input"),
        Architecture(feedback="ffcm"),
        Architecture(feedback="none"),
    ],
    ids=str,
)
def test_other_architectures_are_trained_too(
    folder: Path, tmp_path: Path, architecture: Architecture
) -> None:
    other = SMALL.model_copy(update={"architecture": architecture})
    run = Run(other, tmp_path, FCFI(architecture))
    run.train(read_folders(folder), until=2)
    assert run.step == 2


def test_the_exported_checkpoint_has_the_averaged_weights_and_its_card(
    folder: Path, tmp_path: Path
) -> None:
    run = Run(SMALL, tmp_path, network())
    run.train(read_folders(folder), until=2)
    path = tmp_path / "mine.safetensors"
    export(tmp_path / STATE_NAME, path, figures='{"NoC@90": 3.0}')
    model = load_model(path, device="cpu")
    assert model.card.figures == {"NoC@90": 3.0}
    assert "8 objects" in model.card.training
    assert model.card.licence == ""
    expected = run.averaged.module.state_dict()
    for name, value in model.network.state_dict().items():
        torch.testing.assert_close(value, expected[name], atol=1e-3, rtol=1e-3)
    assert f'"{model.sha256}"' in path.with_suffix(".json").read_text()
    with pytest.raises(SystemExit, match="Expected the state of a run"):
        export(path, tmp_path / "other.safetensors")


def test_the_rate_warms_up_stays_and_decays() -> None:
    assert [rate_factor(s, SMALL, None, 0) for s in (0, 1, 500)] == [0.5, 1, 1]
    assert [rate_factor(s, SMALL, 10, 4) for s in (10, 12, 14)] == [1, 0.5, 0]


def test_the_rate_falls_to_a_tenth_at_every_drop() -> None:
    dropping = SMALL.model_copy(update={"rate_drops": (10, 20)})
    rates = [rate_factor(s, dropping, None, 0) for s in (9, 10, 19, 20)]
    assert rates == pytest.approx([1, 0.1, 0.1, 0.01])


def test_the_next_batch_made_by_the_thread_is_the_one_made_by_hand(folder: Path) -> None:
    batches = Batches(read_folders(folder), SMALL)
    running = batches.run(3)
    for step in (3, 4):
        assert torch.equal(next(running).images, batches.make(step).images)
    running.close()


def test_click_tables_keep_the_newest() -> None:
    clicks = [[(1.0, 2.0, 1.0), (3.0, 4.0, 0.0), (5.0, 6.0, 1.0)], []]
    assert as_tensor(clicks, 2).tolist() == [[[3, 4, 0], [5, 6, 1]], [[-1, -1, -1], [-1, -1, -1]]]


def test_counters_of_batch_norms_are_taken_over_by_the_average() -> None:
    averaged, current = [torch.zeros(2), torch.tensor(0)], [torch.ones(2), torch.tensor(7)]
    moving_average(0.9)(averaged, current, 1000)
    torch.testing.assert_close(averaged[0], torch.full((2,), 0.1))
    assert averaged[1].item() == 7


def test_a_slow_part_that_the_network_lacks_is_refused() -> None:
    wrong = SMALL.model_copy(update={"slow_parts": ("backbone.body.",)})
    with pytest.raises(ValueError, match=r"has 'backbone.body.'.*correct the recipe"):
        make_optimizer(network(), wrong)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_can_be_built_and_trained(name: str) -> None:
    chosen = recipe(name)
    assert chosen.name == name
    assert Recipe.model_validate_json(chosen.model_dump_json()) == chosen
    with torch.device("meta"):
        built = build_network(chosen.architecture)
    optimizer = make_optimizer(built, chosen)
    slow, rest = (sum(p.numel() for p in g["params"]) for g in optimizer.param_groups)
    assert slow > 0
    assert rest > 0


def test_recipes_are_found_by_name() -> None:
    assert "fcfi_lite" in recipe_names()
    assert recipe("fcfi_lite").max_clicks == 24
    with pytest.raises(ValueError, match="Expected one of the recipes"):
        recipe("no_such_recipe")


@pytest.mark.slow
def test_two_pictures_are_learnt_by_heart(folder: Path, tmp_path: Path) -> None:
    """One click on each object gives it with IoU above 0.95 after a short training.

    Pictures are shown at the scale of the training crops. Two of the objects are alike and lie in
    one picture: whoever did not learn what a click means marks both, with an IoU near one half.
    """
    pictures = read_folders(folder)
    learner = SMALL.model_copy(update={"pictures": 4, "paste_share": 0.0, "learning_rate": 2e-3})
    torch.manual_seed(0)
    Run(learner, tmp_path, FCFI(None, lite0_weights())).train(pictures, until=250)
    branch = Run(learner, tmp_path, network(), decay_steps=100)
    branch.train(pictures, until=350)
    trained = branch.module.network.eval()
    size = (learner.crop, learner.crop)
    for picture in pictures:
        image = torch.from_numpy(picture.image).permute(2, 0, 1)[None].float() / 255
        small = tv.resize(image, [*size], antialias=True)
        whole = torch.from_numpy(picture.labels)[None]
        labels = tv.resize(whole, [*size], InterpolationMode.NEAREST)[0].numpy()
        for item in picture.objects:
            target = labels == item.value
            y, x = (float(np.mean(axis)) for axis in np.nonzero(target))
            clicks = torch.tensor([[[y, x, 1.0]]])
            with torch.inference_mode():
                prediction = trained.decode(
                    trained.encode(small),
                    clicks,
                    interaction_map(clicks, size),
                    torch.zeros(1, 1, *size),
                    clicks,
                    torch.zeros(1, 1, 1, 1),
                )
            mask = (prediction.logits[0, 0] > 0).numpy() & (labels != 255)
            assert (mask & target).sum() / (mask | target).sum() > 0.95
