"""From a field, a state and new clicks to the next state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_fcfi.inference import Box, Click, ClickGroup, Field, Predictor, Window
from napari_fcfi.inference.passes import Answer, Question
from napari_fcfi.inference.storing import stored
from napari_fcfi.settings import Settings
from tests.inference.fake_network import FakeModel
from tests.inference.states import same


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_one_click_gives_the_object(
    predictor: Predictor, field: Field, squares: NDArray[np.uint8]
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    assert iou(state.mask(field.box), squares == 220) > 0.95
    assert state.clicks == (Click(40, 60),)
    assert state.quality is not None
    assert state.window is not None
    assert field.box.covers(state.window)


def test_the_state_before_is_not_touched(predictor: Predictor, field: Field) -> None:
    first = predictor(field, predictor.initial(), [Click(40, 60)])
    assert first.patch is not None
    samples = first.patch.samples.copy()
    predictor(field, first, [Click(45, 75, False)])
    np.testing.assert_array_equal(first.patch.samples, samples)
    assert len(first.clicks) == 1


def test_the_same_question_has_the_same_answer(predictor: Predictor, field: Field) -> None:
    first, second = (predictor(field, predictor.initial(), [Click(40, 60)]) for _ in range(2))
    assert same(first, second)


def test_cache_on_and_off_agree_bit_for_bit(model: FakeModel, field: Field) -> None:
    with_cache, without = Predictor(model), Predictor(model, cache_bytes=0)
    a, b = with_cache.initial(), without.initial()
    for clicks in ([Click(40, 60)], [Click(50, 45)], [Click(80, 120), Click(10, 10, False)]):
        a, b = with_cache(field, a, clicks), without(field, b, clicks)
        assert same(a, b)


NEAR = Box(0, 20, 90, 110)
"""A scope around the bright square: its window is not far too large, so it stays."""


def test_a_further_click_in_the_window_needs_no_encoder(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)], scope=NEAR)
    model.network.encoded.clear()
    further = predictor(field, state, [Click(50, 50)])
    assert further.zoom == state.zoom
    assert model.network.encoded == []


def test_feedback_is_the_answer_before(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)], scope=NEAR)
    model.network.calls.clear()
    predictor(field, state, [Click(50, 50)])
    assert state.zoom is not None
    assert state.patch is not None
    call = model.network.calls[0]
    assert call["gate"] == 1
    np.testing.assert_array_equal(call["feedback"][0, 0], state.zoom.feedback(state.patch))
    assert call["clicks"].shape == (1, 2, 3)
    assert call["new_clicks"].shape == (1, 1, 3)


def test_clicks_that_are_taken_together_are_all_new(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60), Click(62, 60, False)])
    assert model.network.calls[-1]["new_clicks"].shape == (1, 2, 3)
    model.network.calls.clear()
    predictor(field, state, [Click(50, 50), Click(55, 50), Click(20, 60, False)])
    assert model.network.calls[-1]["clicks"].shape == (1, 5, 3)
    assert model.network.calls[-1]["new_clicks"].shape == (1, 3, 3)


@pytest.mark.parametrize("foreground", [True, False])
@pytest.mark.parametrize(("y", "x"), [(0, 0), (119.4, 159.4), (45, 60), (85, 120), (5.5, 70.5)])
def test_the_mask_has_the_clicks_sign_at_the_click(
    predictor: Predictor, field: Field, y: float, x: float, foreground: bool
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    state = predictor(field, state, [Click(y, x, foreground)])
    row, column = min(round(y), 119), min(round(x), 159)
    assert state.mask(field.box)[row, column] == foreground


def test_contradicting_clicks_end_with_the_newest(predictor: Predictor, field: Field) -> None:
    state = predictor(field, predictor.initial(), [Click(45, 60)])
    for foreground in (False, True, False):
        state = predictor(field, state, [Click(45, 60, foreground)])
        assert state.mask(field.box)[45, 60] == foreground


def test_outside_the_window_probabilities_stay_bit_for_bit(
    predictor: Predictor, squares: NDArray[np.uint8], rng: np.random.Generator
) -> None:
    field = Field.from_array(np.tile(squares, (3, 3)))
    values = rng.random(field.shape, np.float32) * (np.tile(squares, (3, 3)) == 220)
    state = predictor.start_from(field, predictor.initial(), values)
    before = state.probabilities(field.box)
    window = Window.of(Box(100, 180, 200, 280), 384)
    asked = Question((Click(160, 220),), (Click(160, 220),), state.patch, 0.3)
    clicked = replace(state, events=(*state.events, ClickGroup(asked.clicks, state.settings)))
    answer = Answer(np.full(window.size, 0.9, np.float32), np.zeros((96, 96), np.float32), None)
    after = stored(clicked, asked, window, answer, focused=False)
    assert after.window == window.box
    outside = np.ones(field.shape, bool)
    outside[window.box.slices] = False
    np.testing.assert_array_equal(after.probabilities(field.box)[outside], before[outside])
    inside = after.probabilities(window.box)
    assert inside.min() == pytest.approx(0.9, abs=0.002)


def test_a_mask_at_the_windows_edge_makes_the_window_grow(model: FakeModel) -> None:
    image = np.full((400, 400), 40, np.uint8)
    image[150:250, 50:350] = 200
    field = Field.from_array(image)
    predictor = Predictor(model)
    given = np.zeros(field.shape, bool)
    given[190:210, 180:220] = True
    state = predictor.start_from(field, predictor.initial(), given)
    state = predictor(field, state, [Click(160, 200)])
    mask = state.mask(field.box)
    assert mask[170, 100:300].all()  # beyond the window that was begun with
    assert state.zoom is not None
    assert state.zoom.box.width > 160
    sizes = {tuple(call["feedback"].shape) for call in model.network.calls}
    assert len(model.network.calls) in (4, 6), sizes  # one or two growths, each with its mirror
    gates = {float(call["gate"]) for call in model.network.calls}
    assert gates == {1.0}


def test_a_window_grows_at_most_twice_a_click(model: FakeModel) -> None:
    field = Field.from_array(np.full((3000, 3000), 40, np.uint8), contrast="full")
    predictor = Predictor(model, Settings(flip=False))
    given = np.zeros(field.shape, bool)
    given[1490:1510, 1490:1510] = True
    state = predictor.start_from(field, predictor.initial(), given)
    state = predictor(field, state, [Click(1512, 1500)])
    assert len(model.network.calls) == 3
    assert state.zoom is not None
    assert state.zoom.box.shape == (4 * 48, 4 * 48)


def test_who_confirms_a_mask_changes_only_what_is_near(
    predictor: Predictor, field: Field, squares: NDArray[np.uint8]
) -> None:
    given = squares == 220
    given[10:20, 60:75] = True  # the network would drop this
    state = predictor.start_from(field, predictor.initial(), given)
    state = predictor(field, state, [Click(50, 50)])
    np.testing.assert_array_equal(state.mask(field.box)[10:20, 60:75], True)
    assert state.window is not None
    assert state.window.area < field.box.area / 4
    # a click that contradicts the mask frees the network
    state = predictor(field, state, [Click(15, 65, False)])
    assert not state.mask(field.box)[10:20, 60:75].any()


def test_background_clicks_alone_wait(predictor: Predictor, model: FakeModel, field: Field) -> None:
    state = predictor(field, predictor.initial(), [Click(62, 62, False)])
    assert model.network.calls == []
    assert state.patch is None
    assert state.window is None
    assert not state.mask(field.box).any()
    state = predictor(field, state, [Click(40, 60)])
    assert float(model.network.calls[-1]["gate"]) == 0
    assert state.mask(field.box)[40, 60]
    assert state.clicks == (Click(62, 62, False), Click(40, 60))
    assert model.network.calls[-1]["new_clicks"].shape == (1, 2, 3)


def test_a_start_from_a_mask_is_that_mask_exactly(
    predictor: Predictor, field: Field, rng: np.random.Generator
) -> None:
    mask = rng.random(field.shape) > 0.5
    state = predictor.start_from(field, predictor.initial(), mask)
    np.testing.assert_array_equal(state.mask(field.box), mask)
    assert state.window is not None
    assert state.window.covers(Box.of_nonzero(mask))


def test_a_start_from_a_huge_mask_is_exact_too_and_its_patch_is_bounded(
    predictor: Predictor, rng: np.random.Generator
) -> None:
    field = Field.from_array(np.broadcast_to(np.uint8(3), (3000, 3000)))
    mask = rng.random(field.shape) > 0.5
    state = predictor.start_from(field, predictor.initial(), mask)
    np.testing.assert_array_equal(state.mask(field.box), mask)
    assert state.patch is not None
    assert state.patch.stride == 2
    state = predictor(field, state, [Click(5, 5)])
    outside = np.ones(field.shape, bool)
    assert state.window is not None
    outside[state.window.slices] = False
    np.testing.assert_array_equal(state.mask(field.box)[outside], mask[outside])


def test_a_start_from_probabilities_or_a_neighbours_patch_is_feedback(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    values = np.zeros(field.shape, np.float32)
    values[30:60, 40:80] = 0.7
    by_array = predictor.start_from(field, predictor.initial(), values)
    assert by_array.patch is not None
    by_patch = predictor.start_from(field, predictor.initial(), by_array.patch)
    by_box = predictor.start_from(
        field, predictor.initial(), values[20:70, 30:90], box=Box(20, 30, 70, 90)
    )
    for state in (by_array, by_patch, by_box):
        np.testing.assert_allclose(state.probabilities(field.box), values, atol=0.002)
        predictor(field, state, [Click(44, 60)])
        assert float(model.network.calls[-1]["gate"]) == 1
        assert float(model.network.calls[-1]["feedback"].max()) == pytest.approx(0.7, abs=0.01)


def test_a_start_makes_clicks_before_it_no_longer_count(predictor: Predictor, field: Field) -> None:
    state = predictor(field, predictor.initial(), [Click(80, 120)])
    mask = np.zeros(field.shape, bool)
    mask[0:9, 0:9] = True
    state = predictor.start_from(field, state, mask)
    assert state.clicks == ()
    assert state.mask(field.box).sum() == 81
    assert state.window is not None
    assert state.window.contains(80, 120)  # where the old mask has to go
    with pytest.raises(ValueError, match="choose one of its clicks"):
        predictor.remove(field, state, Click(80, 120))


def test_an_empty_mask_is_no_start(predictor: Predictor, model: FakeModel, field: Field) -> None:
    state = predictor.start_from(field, predictor.initial(), np.zeros(field.shape, bool))
    assert state.patch is None
    predictor(field, state, [Click(40, 60)])
    assert float(model.network.calls[-1]["gate"]) == 0


def test_an_edit_is_exact_and_fed_back(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    before = state.mask(field.box)
    box = Box(50, 70, 66, 90)
    values = state.mask(box)
    values[10:, 3:9] = True
    edited = predictor.edit(field, state, box, values)
    expected = before.copy()
    expected[box.slices] = values
    np.testing.assert_array_equal(edited.mask(field.box), expected)
    model.network.calls.clear()
    predictor(field, edited, [Click(35, 45)])
    assert edited.patch is not None
    assert edited.patch.probabilities(Box(62, 75, 63, 76)) == 1


def test_what_was_drawn_stays_whatever_later_answers_say(
    predictor: Predictor, field: Field
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    drawn = Box(61, 45, 65, 75)  # dark, so the network disagrees
    state = predictor.edit(field, state, drawn, np.ones(drawn.shape, bool))
    state = predictor(field, state, [Click(32, 42)])
    state = predictor(field, state, [Click(20, 60, False)])
    assert state.mask(drawn).all()


def test_a_click_of_the_other_sign_takes_back_what_was_drawn_near_it(
    predictor: Predictor, field: Field
) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    drawn = Box(61, 45, 65, 75)
    state = predictor.edit(field, state, drawn, np.ones(drawn.shape, bool))
    state = predictor(field, state, [Click(63, 60, False)])
    mask = state.mask(drawn)
    assert not mask[:, 13:18].any()


def test_painting_may_come_before_the_first_click(
    predictor: Predictor, model: FakeModel, field: Field
) -> None:
    box = Box(35, 50, 50, 70)
    state = predictor.edit(field, predictor.initial(), box, np.ones(box.shape, bool))
    assert state.mask(field.box).sum() == box.area
    state = predictor(field, state, [Click(55, 45)])
    assert float(model.network.calls[-1]["gate"]) == 1
    assert state.mask(box).all()


def test_erasing_nothing_leaves_nothing(predictor: Predictor, field: Field) -> None:
    box = Box(0, 0, 5, 5)
    state = predictor.edit(field, predictor.initial(), box, np.zeros((5, 5), bool))
    assert state.patch is None


def test_settings_are_the_states_own(predictor: Predictor, model: FakeModel, field: Field) -> None:
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    tuned = predictor.retune(state, Settings(threshold=0.9, expansion_ratio=1.5, flip=False))
    assert state.mask(field.box).sum() >= tuned.mask(field.box).sum() > 0
    model.network.calls.clear()
    predictor(field, tuned, [Click(50, 50)])
    assert [call["ratio"] for call in model.network.calls] == [1.5]
    model.network.calls.clear()
    predictor(field, state, [Click(50, 50)])
    assert [call["ratio"] for call in model.network.calls] == [0.3, 0.3]


def test_limits_are_those_of_the_first_click(
    predictor: Predictor, squares: NDArray[np.uint8]
) -> None:
    first, dragged = (
        Field.from_array(squares, displayed=limits, changed_by_user=True)
        for limits in ((0, 255), (200, 210))
    )
    state = predictor(first, predictor.initial(), [Click(40, 60)])
    after = predictor(dragged, state, [Click(50, 50)])
    assert after.limits == ((0, 255),)
    assert same(after, predictor(first, state, [Click(50, 50)]))


@pytest.mark.parametrize(("y", "x"), [(-0.51, 3), (3, -5), (119.5, 3), (3, 160)])
def test_a_click_outside_is_refused_in_one_sentence(
    predictor: Predictor, field: Field, y: float, x: float
) -> None:
    with pytest.raises(ValueError, match=r"inside the image of 120 × 160 px.*click on the image\."):
        predictor(field, predictor.initial(), [Click(y, x)])
    state = predictor(field, predictor.initial(), [Click(40, 60)])
    with pytest.raises(ValueError, match="inside the image"):
        predictor.move(field, state, Click(40, 60), Click(y, x))


def test_no_click_at_all_is_refused(predictor: Predictor, field: Field) -> None:
    with pytest.raises(ValueError, match="none came"):
        predictor(field, predictor.initial(), [])


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((3, 3), bool), r"shape \(120, 160\)"),
        (np.zeros((120, 160), np.uint8), "uint8"),
        (np.full((120, 160), 1.5), "from 0 to 1"),
        (np.full((120, 160), np.nan), "from 0 to 1"),
    ],
)
def test_a_wrong_start_is_refused_in_one_sentence(
    predictor: Predictor, field: Field, mask: NDArray[Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        predictor.start_from(field, predictor.initial(), mask)


@pytest.mark.parametrize(
    ("box", "values", "words"),
    [
        (Box(100, 100, 130, 110), np.zeros((30, 10), bool), "inside the image"),
        (Box(0, 0, 5, 5), np.zeros((4, 5), bool), r"shape \(5, 5\)"),
        (Box(0, 0, 5, 5), np.zeros((5, 5)), "float64"),
    ],
)
def test_a_wrong_edit_is_refused_in_one_sentence(
    predictor: Predictor, field: Field, box: Box, values: NDArray[Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        predictor.edit(field, predictor.initial(), box, values)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1)),
        np.full((1, 1, 4), 9, np.uint8),
        np.zeros((1, 500), bool),
        np.full((30, 40), np.nan),
        np.full((30, 40), np.inf, np.float32),
        np.full((30, 40), 7, np.uint16),
        np.eye(60, dtype=bool),
        (np.arange(3600).reshape(60, 60) * 18).astype(np.uint16),
        np.linspace(-1e300, 1e300, 3600).reshape(60, 60),
        np.zeros((60, 60, 3), np.float16),
        np.random.default_rng(0).integers(0, 255, (90, 61, 4), dtype=np.uint8),
        np.zeros((60, 60), ">i4"),
        np.zeros((120, 120), np.int16)[::2, ::-2],
    ],
    ids=lambda image: f"{image.shape}-{image.dtype}",
)
def test_every_kind_of_picture_simply_works(predictor: Predictor, image: NDArray[Any]) -> None:
    field = Field.from_array(image)
    state = predictor.initial()
    y, x = image.shape[0] // 2, image.shape[1] // 2
    for foreground in (True, False, True):
        state = predictor(field, state, [Click(y, x, foreground)])
        assert state.mask(field.box).shape == image.shape[:2]
        assert state.mask(field.box)[y, x] == foreground


def test_a_huge_object_keeps_a_bounded_patch(predictor: Predictor) -> None:
    image = np.full((5000, 4500), 40, np.uint8)
    image[200:4800, 300:4300] = 200
    field = Field.from_array(image)
    state = predictor(field, predictor.initial(), [Click(2500, 2000)])
    for _ in range(2):
        state = predictor(field, state, [Click(300, 400)])
    assert state.patch is not None
    assert state.patch.samples.size <= 2**22
    assert state.patch.stride > 1
    assert iou(state.mask(field.box), image > 100) > 0.95
