"""Simulated users from one round to the next: corrections, and second looks without one."""

import numpy as np
import torch

from training.click_simulation import corrective_click
from training.forward import Progress
from training.interactions import advance
from training.recipes import Recipe

SIDE = 32


def started() -> tuple[list[np.random.Generator], Progress, np.ndarray]:
    target = np.zeros((1, SIDE, SIDE), np.int8)
    target[0, 8:24, 8:24] = 1
    first = (16.0, 16.0, 1.0)
    nothing = torch.zeros(1, 1, SIDE, SIDE)
    progress = Progress([[first]], [[first]], nothing, torch.zeros(1, 1, 1, 1))
    return [np.random.default_rng(0)], progress, target


def left_half() -> torch.Tensor:
    """An answer that missed the object's right half."""
    probabilities = torch.zeros(1, 1, SIDE, SIDE)
    probabilities[..., 8:24, 8:16] = 1
    return probabilities


def test_a_user_corrects_the_answer_that_is_fed_back() -> None:
    users, progress, target = started()

    after = advance(users, progress, target, left_half(), Recipe(name="test"))

    (first, correction), (newest,) = after.clicks[0], after.newest[0]
    assert first == progress.clicks[0][0]
    assert newest == correction
    assert correction[1] >= 16
    assert correction[2] == 1
    assert torch.equal(after.feedback, left_half())
    assert after.gate.item() == 1


def test_a_second_look_feeds_the_answer_back_to_the_same_clicks() -> None:
    users, progress, target = started()
    recipe = Recipe(name="test", share_second_look=1.0)

    after = advance(users, progress, target, left_half(), recipe)

    assert after.clicks == progress.clicks
    assert after.newest == progress.newest
    assert torch.equal(after.feedback, left_half())
    assert after.gate.item() == 1


def test_some_users_look_again_and_others_correct() -> None:
    _, one, target = started()
    users = [np.random.default_rng(number) for number in range(20)]
    progress = Progress(
        one.clicks * 20, one.newest * 20, one.feedback.repeat(20, 1, 1, 1), one.gate
    )
    recipe = Recipe(name="test", share_second_look=0.5)

    after = advance(
        users, progress, target.repeat(20, axis=0), left_half().repeat(20, 1, 1, 1), recipe
    )

    again = sum(own == one.clicks[0] for own in after.clicks)
    assert 4 <= again <= 16


def test_a_recipe_without_second_looks_draws_nothing_for_them() -> None:
    users, progress, target = started()
    advance(users, progress, target, left_half(), Recipe(name="test"))
    other = np.random.default_rng(0)
    corrective_click(other, target[0], left_half()[0, 0].numpy() > 0.5)
    assert users[0].bit_generator.state == other.bit_generator.state
