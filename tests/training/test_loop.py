"""The loop on real small pictures: it resumes exactly, decays apart, and learns."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from napari_fcfi.checkpoints import Card, load_model, untrained_model, write_checkpoint
from napari_fcfi.network import FCFI, Architecture, build_network
from napari_fcfi.network.clicks import interaction_map
from training.batches import Batches
from training.beginning import beginning
from training.data.files import DataError
from training.data.pictures import Picture
from training.data.source import PictureSource, open_source
from training.export import complete, export
from training.imagenet import lite0_weights
from training.loop import Run
from training.recipes import Recipe, changed, recipe
from training.resume import STATE_NAME
from training.state import StateError, read_state

SMALL = Recipe(name="small", crop=(64, 64), pictures=2, warm_up=2, precision="32-true", ema=0.9)


def network() -> FCFI:
    torch.manual_seed(0)
    return FCFI()


def small(chosen: Recipe) -> Recipe:
    """A recipe of the paper's networks, for two pictures."""
    return chosen.model_copy(update={"crop": (64, 96), "pictures": 2, "batch_statistics": "frozen"})


def weights(run: Run) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in run.averaged.state_dict().items()}


@pytest.mark.slow
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(
    folder: Path, tmp_path: Path
) -> None:
    pictures = open_source(folder)
    whole = Run(SMALL, tmp_path / "whole", network())
    whole.train(pictures, until=4)
    for until in (1, 3, 4):  # a new process each time, as far as the state is concerned
        pieces = Run(SMALL, tmp_path / "pieces", network())
        pieces.train(pictures, until=until)
    assert pieces.samples == whole.samples == 16
    expected = weights(whole)
    for name, value in weights(pieces).items():
        assert torch.equal(value, expected[name]), name


def test_a_step_in_parts_has_the_gradient_of_the_whole_one(folder: Path, tmp_path: Path) -> None:
    batch = Batches(open_source(folder), SMALL).make(0)
    norms = []
    for parts in (1, 2):
        run = Run(SMALL, tmp_path / str(parts), network(), accumulate=parts)
        logged, _ = run.take_step(batch)
        norms.append((logged["loss/all"], logged["gradient norm"]))
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    with pytest.raises(ValueError, match="divide the 2 pictures"):
        Run(SMALL, tmp_path / "3", network(), accumulate=3)


@pytest.mark.slow
def test_dropout_is_drawn_by_the_step_alone(folder: Path, tmp_path: Path) -> None:
    dropping = small(recipe("ritm_hrnet18s"))
    batch = Batches(open_source(folder), dropping).make(0)
    losses = []
    for seed in (1, 2):  # what was drawn before the step does not count
        torch.manual_seed(0)
        run = Run(dropping, tmp_path / str(seed), build_network(dropping.architecture))
        torch.manual_seed(seed)
        losses.append(run.take_step(batch)[0]["loss/all"])
    assert losses[0] == losses[1]


def test_a_state_of_an_earlier_version_is_gone_on_with(folder: Path, tmp_path: Path) -> None:
    """Its recipe has one side for the crop, `bf16`, and none of the fields that came later."""
    run = Run(SMALL, tmp_path, network())
    run.train(open_source(folder), until=1)
    state = read_state(run.path)
    former = json.loads(state["recipe"])
    for later in ("data", "augmentation", "interactions", "batch_statistics", "steps", "precision"):
        del former[later]
    former |= {"crop": 64, "bf16": False}
    kept = ("network", "averaged", "optimizer", "step", "samples", "decay_from")
    torch.save(
        {key: state[key] for key in kept} | {"recipe": json.dumps(former)}, tmp_path / STATE_NAME
    )
    assert Run(SMALL, tmp_path, network()).step == 1


class Watched:
    """A source that does something before each reading."""

    def __init__(self, source: PictureSource, before: Callable[[], None]) -> None:
        self.weights = source.weights
        self._source = source
        self._before = before

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Picture:
        self._before()
        return self._source[index]


@pytest.mark.slow
def test_a_broken_picture_is_named_and_the_steps_before_it_are_kept(
    folder: Path, tmp_path: Path
) -> None:
    def break_it() -> None:
        if run.step >= 2:
            raise DataError("expected a readable picture, p1.png is none.")

    run = Run(SMALL, tmp_path / "run", network())
    with pytest.raises(DataError, match=r"p1\.png"):
        run.train(Watched(open_source(folder), break_it), until=100)
    assert read_state(tmp_path / "run" / STATE_NAME)["step"] == run.step >= 2


@pytest.mark.slow
def test_a_broken_picture_is_named_on_a_full_disk_too(folder: Path, tmp_path: Path) -> None:
    roomy = resource.getrlimit(resource.RLIMIT_FSIZE)

    def break_it() -> None:
        if run.step >= 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, roomy[1]))
            raise DataError("expected a readable picture, p1.png is none.")

    run = Run(SMALL, tmp_path / "run", network())
    try:
        with pytest.raises(DataError, match=r"p1\.png") as caught:
            run.train(Watched(open_source(folder), break_it), until=100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, roomy)
    (note,) = caught.value.__notes__
    assert "'File too large': make room there" in note
    assert read_state(tmp_path / "run" / STATE_NAME)["step"] == 1


@pytest.mark.slow
def test_other_data_are_told_where_a_run_goes_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "set_other"
    shutil.copytree(folder, other)
    (other / "images" / "p1.png").unlink()
    (other / "masks" / "p1.png").unlink()

    def told(until: int, data: Path) -> bool:
        run = Run(SMALL, tmp_path / "run", network())
        run.train(open_source(data), until=until)
        return "warning: the data differ from those of the steps" in capsys.readouterr().err

    assert [told(0, folder), told(1, folder), told(2, other), told(3, other)] == [0, 0, 1, 0]
    state = read_state(tmp_path / "run" / STATE_NAME)
    torch.save({**state, "data": ""}, tmp_path / "run" / STATE_NAME)
    assert not told(4, folder)  # a state of an earlier version does not know its data


def test_a_recipe_that_this_version_does_not_know_is_one_sentence(
    folder: Path, tmp_path: Path
) -> None:
    run = Run(SMALL, tmp_path, network())
    run.save()
    state = read_state(run.path)
    unknown = json.dumps({**json.loads(state["recipe"]), "unknown": 1})
    torch.save({**state, "recipe": unknown}, run.path)
    with pytest.raises(StateError, match="as this version has them"):
        Run(SMALL, tmp_path, network())


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_while_costs_a_warning(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roomy = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        full = 2 <= run.step < 4
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, roomy[1]) if full else roomy)

    run = Run(SMALL, tmp_path / "run", network(), save_every_s=0)
    try:
        run.train(Watched(open_source(folder), fill), until=9)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, roomy)
    assert "warning: Expected to write the run's state" in capsys.readouterr().err
    assert read_state(run.path)["step"] == 9


@pytest.mark.slow
def test_a_decay_branch_leaves_the_run_as_it_was(folder: Path, tmp_path: Path) -> None:
    pictures = open_source(folder)
    run = Run(SMALL, tmp_path, network())
    run.train(pictures, until=2)
    before = (tmp_path / "last.pt").read_bytes()
    branch = Run(SMALL, tmp_path, network(), decay_steps=2)
    branch.train(pictures, until=100)
    assert branch.step == 4
    assert (tmp_path / "last.pt").read_bytes() == before
    assert (tmp_path / "decayed.pt").exists()
    assert Run(SMALL, tmp_path, network()).step == 2


@pytest.mark.slow
def test_a_finished_branch_makes_way_for_the_next(folder: Path, tmp_path: Path) -> None:
    pictures = open_source(folder)
    Run(SMALL, tmp_path, network()).train(pictures, until=1)
    Run(SMALL, tmp_path, network(), decay_steps=1).train(pictures, until=100)
    Run(SMALL, tmp_path, network()).train(pictures, until=3)
    again = Run(SMALL, tmp_path, network(), decay_steps=2)
    assert (again.decay_from, again.step) == (3, 3)
    again.train(pictures, until=100)
    assert again.step == 5


@pytest.mark.slow
@pytest.mark.parametrize("trunk", [True, False])
def test_a_finished_branch_stays_when_it_is_called_again(
    folder: Path, tmp_path: Path, trunk: bool
) -> None:
    pictures = open_source(folder)
    if trunk:
        Run(SMALL, tmp_path, network()).train(pictures, until=1)

    def branch() -> Run:
        return Run(SMALL, tmp_path, network(), begun_from="" if trunk else "x", decay_steps=2)

    branch().train(pictures)
    before = weights(branch())
    again = branch()
    again.train(pictures)
    assert again.step == 2 + trunk
    assert all(torch.equal(value, before[name]) for name, value in weights(again).items())


def test_a_run_is_not_gone_on_with_by_another_recipe(folder: Path, tmp_path: Path) -> None:
    Run(SMALL, tmp_path, network()).train(open_source(folder), until=1)
    with pytest.raises(ValueError, match="has another clip now"):
        Run(SMALL.model_copy(update={"clip": 1.0}), tmp_path, network())


def test_a_gradient_that_is_not_finite_changes_nothing(folder: Path, tmp_path: Path) -> None:
    run = Run(SMALL, tmp_path, network())
    batch = Batches(open_source(folder), SMALL).make(0)
    before = weights(run)
    hook = run.module.network.head.coarse.weight.register_hook(lambda g: g * torch.nan)
    logged, _ = run.take_step(batch)
    hook.remove()
    assert (logged["skipped"], run.step) == (1, 1)
    assert all(torch.equal(value, before[name]) for name, value in weights(run).items())
    assert run.take_step(batch)[0]["skipped"] == 0


def test_a_run_stops_after_the_step_that_is_being_taken(folder: Path, tmp_path: Path) -> None:
    run = Run(SMALL, tmp_path, network())
    run.stop()
    run.train(open_source(folder), until=5)
    assert run.step == 0
    assert (tmp_path / STATE_NAME).exists()


@pytest.mark.slow
def test_a_checkpoint_to_begin_with_is_trained(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_checkpoint(path, untrained_model(seed=1).network, Card(name="mine"))
    network, named, *_ = beginning(SMALL, str(path))
    run = Run(SMALL, tmp_path / "run", network, begun_from=named)
    before = {k: v.clone() for k, v in run.module.network.state_dict().items()}
    run.train(open_source(folder), until=2)
    after = run.module.network.state_dict()
    assert any(not torch.equal(value, before[name]) for name, value in after.items())
    network, named, *_ = beginning(SMALL, str(path))
    assert Run(SMALL, tmp_path / "run", network, begun_from=named).step == 2
    assert Run(SMALL, tmp_path / "run", network).begun_from == named
    with pytest.raises(ValueError, match="holds one already"):
        Run(SMALL, tmp_path / "run", network, begun_from="--init other.safetensors")


@pytest.mark.slow
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
    run.train(open_source(folder), until=2)
    assert run.step == 2


@pytest.mark.slow
def test_the_exported_checkpoint_has_the_averaged_weights_and_its_card(
    folder: Path, tmp_path: Path
) -> None:
    run = Run(SMALL, tmp_path, network())
    run.train(open_source(folder), until=2)
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


@pytest.mark.parametrize(
    ("of_recipe", "begun_from", "told"),
    [
        ("fcfi_lite", "", "5 objects by the recipe fcfi_lite, begun with ImageNet weights"),
        ("fcfi_hrnet18s_cocolvis", "", "begun with random weights"),
        ("fcfi_hrnet18s_cocolvis", "--backbone-weights /a b/c.pth", "begun with c.pth"),
    ],
)
def test_the_card_tells_with_which_weights_a_run_began(
    of_recipe: str, begun_from: str, told: str
) -> None:
    stored = {"samples": 5, "begun_from": begun_from}
    assert told in complete(Card(name="x"), stored, recipe(of_recipe)).training


def test_the_card_tells_what_was_changed_in_a_recipe() -> None:
    other = changed(recipe("fcfi_lite"), ["refined_weight=0", "expansion_ratio=0.5"])
    card = complete(Card(name="x"), {"samples": 5}, other)
    assert "fcfi_lite (refined_weight=0.0), " in card.training
    assert card.expansion_ratio == 0.5


def test_released_interactions_learn_from_one_object_a_picture() -> None:
    assert recipe("fcfi_hrnet18s_released").asked_for == 1
    assert recipe("fcfi_hrnet18s_cocolvis").asked_for == recipe("fcfi_hrnet18s_cocolvis").objects


@pytest.mark.slow
def test_weights_that_were_trained_further_keep_licence_and_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = Card(
        name="first",
        licence="CC-BY-NC-4.0",
        terms="For research.",
        training="9 objects",
        data=("one set",),
    )
    write_checkpoint(tmp_path / "a.safetensors", untrained_model().network, card)
    begins = beginning(SMALL, str(tmp_path / "a.safetensors"))
    Run(SMALL, tmp_path, begins.network, begun_from=begins.named, card=begins.card).save()
    Run(SMALL, tmp_path, network()).save()  # gone on with, --init left out
    state, written = tmp_path / STATE_NAME, tmp_path / "mine.safetensors"

    export(state, written, figures="{}")
    kept = load_model(written, device="cpu").card
    assert (kept.name, kept.licence, kept.terms) == ("mine", card.licence, card.terms)
    assert kept.training == "0 objects by the recipe small, begun with first: 9 objects"
    assert kept.data == ("one set",)
    assert not capsys.readouterr().err

    other = tmp_path / "card.json"
    other.write_text(Card(name="x", licence="MIT", training="from y").model_dump_json())
    export(state, written, card=other, figures="{}")
    given = load_model(written, device="cpu").card
    assert (given.licence, given.terms) == ("MIT", "")
    assert given.training == "0 objects by the recipe small, from y"

    former = read_state(state)
    del former["origin"]  # as earlier versions wrote it
    torch.save(former, state)
    assert Run(SMALL, tmp_path, network()).begun_from == begins.named
    export(state, written, figures="{}")
    assert load_model(written, device="cpu").card.licence == ""
    assert "whose licence its state does not tell" in capsys.readouterr().err


@pytest.mark.slow
def test_the_card_names_the_data_before_and_those_of_the_run(folder: Path, tmp_path: Path) -> None:
    before = Card(name="first", data=("one set", folder.name))
    run = Run(SMALL, tmp_path, network(), begun_from="--init first", card=before)
    run.train(open_source(folder), until=0)
    assert Run(SMALL, tmp_path, network()).sets == [folder.name]
    export(tmp_path / STATE_NAME, tmp_path / "mine.safetensors", figures="{}")
    card = load_model(tmp_path / "mine.safetensors", device="cpu").card
    assert card.data == ("one set", folder.name)


def test_a_state_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"Expected to read .*'No such file .*nope\.pt: put that"):
        export(tmp_path / "nope.pt", tmp_path / "mine.safetensors")


@pytest.mark.long
def test_two_pictures_are_learnt_by_heart(folder: Path, tmp_path: Path) -> None:
    """One click on each object gives it with IoU above 0.95 after a short training.

    Pictures are shown at the scale of the training crops. Two of the objects are alike and lie in
    one picture: whoever did not learn what a click means marks both, with an IoU near one half.
    """
    pictures = open_source(folder)
    learner = SMALL.model_copy(update={"pictures": 4, "paste_share": 0.0, "learning_rate": 2e-3})
    torch.manual_seed(0)
    Run(learner, tmp_path, FCFI(None, lite0_weights())).train(pictures, until=250)
    branch = Run(learner, tmp_path, network(), decay_steps=100)
    branch.train(pictures, until=350)
    trained = branch.module.network.eval()
    size = learner.crop
    for picture in pictures:
        image = torch.tensor(picture.image).permute(2, 0, 1)[None].float() / 255
        small = tv.resize(image, [*size], antialias=True)
        labels = tv.resize(torch.tensor(picture.labels), [*size], InterpolationMode.NEAREST_EXACT)[
            0
        ].numpy()
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
