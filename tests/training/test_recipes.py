"""Recipes as values: by name, in JSON, with fields changed, and the paper's numbers in them."""

from __future__ import annotations

import pytest

from training.recipes import Recipe, changed, recipe, recipe_names

EPOCH = 8498 // 24


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_has_its_modules_name_and_survives_json(name: str) -> None:
    chosen = recipe(name)
    assert chosen.name == name
    assert Recipe.model_validate_json(chosen.model_dump_json()) == chosen


def test_recipes_are_found_by_name() -> None:
    assert "fcfi_lite" in recipe_names()
    assert recipe("fcfi_lite").max_clicks == 24
    with pytest.raises(ValueError, match="Expected one of the recipes"):
        recipe("no_such_recipe")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("fcfi_resnet101_sbd", "sbd"),
        ("fcfi_hrnet18s_cocolvis", "coco_lvis"),
        ("fcfi_hrnet18_cocolvis", "coco_lvis"),
        ("baseline_resnet101_sbd", "sbd"),
        ("baseline_hrnet18s_cocolvis", "coco_lvis"),
        ("baseline_hrnet18_cocolvis", "coco_lvis"),
    ],
)
def test_the_papers_recipes_have_its_numbers(name: str, data: str) -> None:
    chosen = recipe(name)
    assert chosen.data == data
    assert (chosen.interactions, chosen.augmentation) == ("paper", "published")
    assert (chosen.crop, chosen.pictures, chosen.max_clicks) == ((320, 480), 24, 24)
    assert chosen.round_shares == (0.25, 0.25, 0.25, 0.25)
    assert chosen.expansion_ratio == 0.3
    fcfi = name.startswith("fcfi")
    assert (chosen.refined_weight, chosen.updated_weight) == (fcfi, fcfi)


def test_the_paper_trains_for_sixty_epochs_and_slower_after_fifty() -> None:
    chosen = recipe("fcfi_resnet101_sbd")
    assert (chosen.steps, chosen.rate_drops) == (60 * EPOCH, (50 * EPOCH,))


def test_fields_are_changed_by_name_and_value() -> None:
    small = changed(recipe("fcfi_lite"), ["crop=[64,96]", "precision=32-true", "clip=null"])
    assert (small.crop, small.precision, small.clip) == ((64, 96), "32-true", None)
    assert small.differences(recipe("fcfi_lite")) == ["crop", "clip", "precision"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("crop=65", "multiple of 32"),
        ("crop", "FIELD=VALUE"),
        ("name=other", "FIELD=VALUE"),
        ("pictures=0", "greater than or equal to 1"),
        ("max_clicks=0", "greater than or equal to 1"),
        ("new_clicks=-1", "greater than or equal to 1"),
        ("seed=-1", "greater than or equal to 0"),
        ("clip=0", "greater than 0"),
        ("expansion_ratio=30", "less than or equal to 2"),
        ("paste_share=1.5", "less than or equal to 1"),
        ("share_many_clicks=0.5", "at most 1 together"),
        ("round_shares=[0.5,0.4]", "add up to 1"),
        ("interactions=released", r"got interactions=released \(Expected one of the paper's"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(change: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(recipe("fcfi_lite"), [change])
