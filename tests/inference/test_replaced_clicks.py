"""Clicks that are removed or moved: the state is as if they had been made so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_fcfi.inference import Box, Click, Field, Predictor, State
from napari_fcfi.settings import Settings
from tests.inference.fake_network import FakeModel
from tests.inference.states import same

CLICK_GROUPS = [[Click(40, 60)], [Click(80, 120)], [Click(90, 105), Click(10, 10, False)]]


def steps(predictor: Predictor, field: Field, groups: list[list[Click]]) -> list[State]:
    states = [predictor.initial()]
    for group in groups:
        states.append(predictor(field, states[-1], group))
    return states


@pytest.mark.parametrize("click", [click for group in CLICK_GROUPS for click in group])
@pytest.mark.parametrize("with_earlier", [True, False])
def test_removing_any_click_is_as_if_it_had_not_been_made(
    predictor: Predictor, field: Field, click: Click, with_earlier: bool
) -> None:
    states = steps(predictor, field, CLICK_GROUPS)
    earlier = states if with_earlier else ()
    removed = predictor.remove(field, states[-1], click, earlier=earlier)
    left = [[c for c in group if c != click] for group in CLICK_GROUPS]
    expected = steps(predictor, field, [group for group in left if group])[-1]
    assert same(removed, expected)
    changed = states[-1].mask(field.box) != removed.mask(field.box)
    assert removed.window is not None
    assert removed.window.covers(Box.of_nonzero(changed))


def test_earlier_states_spare_their_work(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    states = steps(predictor, field, CLICK_GROUPS)
    model.network.calls.clear()
    predictor.remove(field, states[-1], Click(90, 105), earlier=states)
    assert len(model.network.calls) <= 2 * 3


@pytest.mark.parametrize("with_earlier", [True, False])
def test_contrast_stays_frozen_when_the_first_foreground_click_is_removed(
    predictor: Predictor, field: Field, with_earlier: bool
) -> None:
    groups = [[Click(10, 10, False)], *CLICK_GROUPS[:2]]
    states = steps(predictor, field, groups)
    brighter = replace(field, limits=((100.0, 110.0),))
    earlier = states if with_earlier else ()
    removed = predictor.remove(brighter, states[-1], CLICK_GROUPS[0][0], earlier=earlier)
    assert removed.limits == states[-1].limits == field.limits


def test_removing_the_only_click_leaves_nothing(predictor: Predictor, field: Field) -> None:
    states = steps(predictor, field, CLICK_GROUPS[:1])
    removed = predictor.remove(field, states[-1], Click(40, 60))
    assert removed.clicks == ()
    assert removed.patch is None
    assert removed.window is not None
    assert removed.window.covers(states[-1].extent)


def test_moving_a_click_is_as_if_it_had_been_made_there(predictor: Predictor, field: Field) -> None:
    states = steps(predictor, field, CLICK_GROUPS)
    moved = predictor.move(field, states[-1], Click(80, 120), Click(75, 110), earlier=states)
    groups = [CLICK_GROUPS[0], [Click(75, 110)], CLICK_GROUPS[2]]
    assert same(moved, steps(predictor, field, groups)[-1])


def test_brush_edits_lie_over_what_a_removed_click_leaves(
    predictor: Predictor, field: Field
) -> None:
    state = steps(predictor, field, CLICK_GROUPS[:2])[-1]
    box = Box(110, 10, 115, 20)
    state = predictor.edit(field, state, box, np.ones(box.shape, bool))
    state = predictor(field, state, [Click(50, 70)])
    removed = predictor.remove(field, state, Click(80, 120))
    assert removed.mask(box).all()
    assert not removed.mask(field.box)[85, 120]


def test_groups_keep_the_settings_they_were_taken_with(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    tuned = predictor.retune(state, Settings(expansion_ratio=1.0))
    state = predictor(field, tuned, [Click(50, 45)])
    state = predictor(field, state, [Click(35, 70)])
    model.network.calls.clear()
    removed = predictor.remove(field, state, Click(35, 70))
    assert {call["ratio"] for call in model.network.calls} == {0.3, 1.0}
    assert removed.settings.expansion_ratio == 1.0
