"""One object in one image: its states, and undo and redo."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from numpy.typing import NDArray

from napari_fcfi.inference import Box, Click, Field, Interaction, State
from napari_fcfi.settings import Settings
from tests.inference.fake_network import FakeModel


def test_click_by_click(model: FakeModel, squares: NDArray[np.uint8]) -> None:
    interaction = Interaction(model, squares)
    mask = interaction.click(45, 60)
    assert mask.dtype == bool
    assert mask.shape == squares.shape
    assert mask[45, 60]
    mask = interaction.click(31, 41, foreground=False)
    assert not mask[31, 41]
    assert interaction.clicks == (Click(45, 60), Click(31, 41, False))
    np.testing.assert_array_equal(interaction.mask, mask)
    assert interaction.probabilities.dtype == np.float32
    assert interaction.probabilities.shape == squares.shape


def test_a_step_with_another_threshold_tells_how_far_the_mask_may_have_changed(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(model, squares)
    before = interaction.click(45, 60)
    interaction.settings = Settings(threshold=0.05)
    state = interaction.step([Click(100, 140, False)])
    assert state.window is not None
    assert state.window.covers(Box.of_nonzero(before != interaction.mask))
    assert state.window.covers(state.extent)


def test_a_click_before_there_is_an_image_is_one_sentence(model: FakeModel) -> None:
    interaction = Interaction(model)
    for attempt in (lambda: interaction.click(1, 1), lambda: interaction.step([Click(1, 1)])):
        with pytest.raises(ValueError, match=r"^An image was expected.*set_image\(\)\.$"):
            attempt()


def test_the_image_may_come_later_and_begins_anew(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(model)
    interaction.set_image(squares)
    interaction.click(45, 60)
    interaction.set_image(Field.from_array(squares[:50]))
    assert interaction.clicks == ()
    assert interaction.mask.shape == (50, 160)
    assert not interaction.can_undo


def test_nested_lists_are_images_too(model: FakeModel) -> None:
    interaction = Interaction(model, [[0, 0, 255], [0, 255, 255]])  # type: ignore[arg-type]
    assert interaction.click(1, 1).shape == (2, 3)


def test_undo_and_redo_restore_the_very_states(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(model, squares)
    states = [interaction.state, *(interaction.step([Click(45, x)]) for x in (50, 60, 70))]
    for state in states[-2::-1]:
        assert interaction.undo() is state
    assert interaction.undo() is states[0]
    for state in states[1:]:
        assert interaction.redo() is state
    assert interaction.redo() is states[-1]


def test_undo_of_a_removal_brings_the_click_back(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(model, squares)
    interaction.click(45, 60)
    before = interaction.step([Click(85, 120)])
    interaction.remove(Click(45, 60))
    assert interaction.clicks == (Click(85, 120),)
    assert interaction.undo() is before


def test_reset_is_a_step(model: FakeModel, squares: NDArray[np.uint8]) -> None:
    interaction = Interaction(model, squares)
    mask = interaction.click(45, 60)
    state = interaction.reset()
    assert not interaction.mask.any()
    assert interaction.clicks == ()
    assert state.window is not None
    assert state.window.covers(Box.of_nonzero(mask))
    interaction.undo()
    np.testing.assert_array_equal(interaction.mask, mask)


def test_settings_count_from_the_next_click_on(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(model, squares)
    mask = interaction.click(45, 60)
    interaction.settings = Settings(expansion_ratio=2.0, threshold=0.9)
    np.testing.assert_array_equal(interaction.mask, mask)
    model.network.calls.clear()
    interaction.click(50, 50)
    assert model.network.calls[0]["ratio"] == 2.0
    assert interaction.state.settings.threshold == 0.9
    interaction.undo()
    assert interaction.settings == Settings()
    np.testing.assert_array_equal(interaction.mask, mask)
    interaction.redo()
    assert interaction.settings.threshold == 0.9


def test_contrast_is_that_of_the_settings(model: FakeModel) -> None:
    image = np.linspace(0, 1000, 3600).reshape(60, 60).astype(np.uint16)
    full = Interaction(model, image, settings=Settings(contrast="full"))
    assert full.field.limits == ((0, 65535),)
    assert Interaction(model, image).field.limits[0][1] < 1001


def test_a_failed_step_changes_nothing(model: FakeModel, squares: NDArray[np.uint8]) -> None:
    interaction = Interaction(model, squares)
    state = interaction.step([Click(45, 60)])
    with pytest.raises(ValueError, match="inside the image"):
        interaction.click(500, 500)
    with pytest.raises(ValueError, match="choose one of its clicks"):
        interaction.remove(Click(1, 1))
    assert interaction.state is state
    assert not interaction.can_redo


def test_a_state_that_was_made_elsewhere_is_taken_over(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(model, squares)
    interaction.click(45, 60)
    interaction.undo()
    state = interaction.predictor(interaction.field, interaction.state, [Click(85, 120)])
    assert interaction.push(state) is state
    assert interaction.state is state
    assert not interaction.can_redo


def test_all_predictions_run_in_one_thread(model: FakeModel, squares: NDArray[np.uint8]) -> None:
    threads = set()
    encode = model.network.encode

    def watched(*args: Any) -> Any:
        threads.add(threading.current_thread())
        return encode(*args)

    model.network.encode = watched  # type: ignore[method-assign]
    for _ in range(2):
        Interaction(model, squares).click(45, 60)
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_a_mask_of_a_huge_image_is_refused_before_any_work(model: FakeModel) -> None:
    image = np.broadcast_to(np.uint8(0), (2**15, 2**14))
    interaction = Interaction(model, image)
    with pytest.raises(ValueError, match=r"step\(\)"):
        interaction.click(5, 5)
    assert model.network.calls == []
    assert interaction.step([Click(5, 5)]).mask(Box(0, 0, 20, 20))[5, 5]


clicks = st.builds(Click, st.floats(-0.5, 47.4), st.floats(-0.5, 63.4), st.booleans())


class History(RuleBasedStateMachine):
    """An interaction, against a plain list of what each state looked like."""

    def __init__(self) -> None:
        super().__init__()
        image = np.full((48, 64), 40, np.uint8)
        image[10:30, 10:30] = 200
        image[20:40, 36:60] = 120
        settings = Settings(zoom_size=128, flip=False)
        self.interaction = Interaction(FakeModel(), image, settings=settings)
        self.seen = [self.look()]
        self.cursor = 0

    def look(self) -> tuple[Any, ...]:
        state: State = self.interaction.state
        box = self.interaction.field.box
        return (
            state.mask(box).tobytes(),
            state.probabilities(box).tobytes(),
            state.clicks,
            state.settings,
            state.events,
        )

    def did(self) -> None:
        del self.seen[self.cursor + 1 :]
        self.seen.append(self.look())
        self.cursor += 1

    @rule(group=st.lists(clicks, min_size=1, max_size=2))
    def click(self, group: list[Click]) -> None:
        before = self.interaction.state
        state = self.interaction.step(group)
        self.did()
        newest = group[-1]
        pixel = Box.around(newest.y, newest.x, 1, 1)
        assert state.mask(pixel)[0, 0] == newest.foreground
        self.unchanged_outside(before, state)

    @rule(y=st.integers(0, 40), x=st.integers(0, 50), value=st.booleans())
    def paint(self, y: int, x: int, value: bool) -> None:
        box = Box(y, x, y + 8, x + 14)
        before = self.interaction.state
        state = self.interaction.edit(box, np.full(box.shape, value))
        self.did()
        assert (state.mask(box) == value).all()
        self.unchanged_outside(before, state)

    @rule(y=st.integers(0, 30), x=st.integers(0, 40))
    def start(self, y: int, x: int) -> None:
        mask = np.zeros((48, 64), bool)
        mask[y : y + 12, x : x + 9] = True
        before = self.interaction.state
        state = self.interaction.start_from(mask)
        self.did()
        np.testing.assert_array_equal(self.interaction.mask, mask)
        self.unchanged_outside(before, state)

    @precondition(lambda self: self.interaction.clicks)
    @rule(data=st.data())
    def remove(self, data: Any) -> None:
        click = data.draw(st.sampled_from(self.interaction.clicks))
        before = self.interaction.state
        state = self.interaction.remove(click)
        self.did()
        assert len(state.clicks) == len(before.clicks) - 1
        self.unchanged_outside(before, state)

    @precondition(lambda self: self.interaction.clicks)
    @rule(data=st.data(), to=clicks)
    def move(self, data: Any, to: Click) -> None:
        click = data.draw(st.sampled_from(self.interaction.clicks))
        before = self.interaction.state
        state = self.interaction.move(click, to)
        self.did()
        assert to in state.clicks
        self.unchanged_outside(before, state)

    @rule(ratio=st.sampled_from([0.05, 0.3, 2.0]))
    def tune(self, ratio: float) -> None:
        old = self.interaction.settings
        self.interaction.settings = old.model_copy(update={"expansion_ratio": ratio})

    @rule()
    def undo(self) -> None:
        self.cursor = max(0, self.cursor - 1)
        self.interaction.undo()

    @rule()
    def redo(self) -> None:
        self.cursor = min(len(self.seen) - 1, self.cursor + 1)
        self.interaction.redo()

    @rule()
    def reset(self) -> None:
        self.interaction.reset()
        self.did()
        assert not self.interaction.mask.any()

    @invariant()
    def what_is_seen_is_what_was_seen(self) -> None:
        assert self.look() == self.seen[self.cursor]

    def unchanged_outside(self, before: State, after: State) -> None:
        box = self.interaction.field.box
        outside = np.ones(box.shape, bool)
        if after.window is not None:
            assert box.covers(after.window)
            outside[after.window.slices] = False
        same = after.mask(box) == before.mask(box)
        # a new threshold is the only thing that reaches beyond a step's own box
        if after.settings.threshold == before.settings.threshold:
            assert same[outside].all()


History.TestCase.settings = hypothesis_settings(max_examples=80, stateful_step_count=20)
TestHistory = History.TestCase


def test_settings_that_wait_for_the_next_click_survive_undo_and_redo(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(model, squares)
    interaction.click(40, 60)
    changed = Settings(expansion_ratio=1.0)
    interaction.settings = changed
    interaction.undo()
    assert interaction.settings == changed
    interaction.undo()  # there is nothing more to undo
    assert interaction.settings == changed
    interaction.click(40, 60)
    interaction.settings = Settings(expansion_ratio=0.5)
    interaction.click(45, 60)
    interaction.undo()
    assert interaction.settings == changed  # those of the state, as none wait


def test_strokes_that_were_erased_leave_no_feedback(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    interaction, fresh = Interaction(model, squares), Interaction(model, squares)
    box = Box(50, 50, 60, 60)
    interaction.edit(box, np.ones(box.shape, bool))
    interaction.edit(box, np.zeros(box.shape, bool))
    assert interaction.state.patch is None
    assert not interaction.mask.any()
    interaction.step([Click(40, 60)])
    fresh.step([Click(40, 60)])
    assert interaction.state.zoom == fresh.state.zoom


def test_a_stroke_that_makes_the_grid_coarser_tells_that_all_may_have_changed(
    model: FakeModel,
) -> None:
    image = np.full((4200, 4200), 20, np.uint8)
    square = Box(21, 21, 302, 302)
    image[square.slices] = 220
    interaction = Interaction(model, image)
    interaction.step([Click(160, 160)])
    corner = Box(0, 0, 600, 600)
    before = interaction.state.mask(corner)
    stroke = Box(4000, 4000, 4003, 4003)
    state = interaction.edit(stroke, np.ones(stroke.shape, bool))
    assert not np.array_equal(state.mask(corner), before)
    assert state.window is not None
    assert state.window.covers(square)
