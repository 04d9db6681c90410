"""States of the released protocol: what it does, what it must not break, and each difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_fcfi.inference import Box, Click, Field, Interaction, Predictor, State
from napari_fcfi.inference.released.options import FCFI, RITM, ReleasedOptions, released_options
from napari_fcfi.settings import Settings
from tests.inference.closed_form import ClosedFormModel, ClosedFormNetwork
from tests.inference.fake_network import FakeModel

SETTINGS = Settings(protocol="released", zoom_size=160, zoom_min=40)
CLICKS = [Click(40, 60), Click(52, 70), Click(70, 100, False), Click(36, 66)]


@pytest.fixture
def closed_form() -> ClosedFormModel:
    return ClosedFormModel()


@pytest.fixture
def field(squares: NDArray[np.uint8]) -> Field:
    return Field.from_array(squares, contrast="full")


def played(
    predictor: Predictor, field: Field, clicks: list[Click], state: State | None = None
) -> list[State]:
    found = [predictor.initial() if state is None else state]
    for click in clicks:
        found.append(predictor(field, found[-1], [click]))
    return found[1:]


def maps(states: list[State], field: Field) -> NDArray[np.float32]:
    return np.stack([state.probabilities(field.box) for state in states])


def test_what_is_not_named_is_as_the_authors_have_it() -> None:
    settings = Settings(protocol="released")
    assert (settings.threshold, settings.zoom_size, settings.zoom_min) == (0.49, 400, 200)
    assert settings.contrast == "full"
    assert Settings(protocol="released", threshold=0.3).threshold == 0.3
    assert Settings(**settings.model_dump()) == settings


def test_the_first_click_sees_the_whole_picture_at_its_own_size(
    closed_form: ClosedFormModel, field: Field
) -> None:
    state = Predictor(closed_form, SETTINGS)(field, State(SETTINGS), [Click(40, 60)])
    first, second = closed_form.network.calls
    assert first["image"].shape == (1, 3, 120, 160)
    assert float(first["gate"]) == 0
    assert not first["feedback"].any()
    assert first["new_clicks"].tolist() == [[[40, 60, 1]]]
    assert second["new_clicks"].tolist() == [[[40, 99, 1]]]
    assert state.zoom is None


def test_the_answer_is_fed_back_unrounded(closed_form: ClosedFormModel, field: Field) -> None:
    settings = SETTINGS.model_copy(update={"zoom_in": False, "flip": False})
    first, _ = played(Predictor(closed_form, settings), field, CLICKS[:2])
    call = closed_form.network.calls[-1]
    assert float(call["gate"]) == 1
    np.testing.assert_array_equal(call["feedback"][0, 0], first.probabilities(field.box))


def test_the_mask_may_contradict_a_click(closed_form: ClosedFormModel, field: Field) -> None:
    # far from the first click, one background click alone: no promise turns it
    state = Predictor(closed_form, SETTINGS)(field, State(SETTINGS), [Click(5, 5, False)])
    assert state.patch is not None
    assert not state.mask(field.box).any()


def test_outside_the_window_there_is_nothing(closed_form: ClosedFormModel, field: Field) -> None:
    first, second = played(Predictor(closed_form, SETTINGS), field, CLICKS[:2])
    assert second.zoom is not None
    outside = np.ones(field.shape, bool)
    outside[second.zoom.box.slices] = False
    assert first.probabilities(field.box)[outside].any()
    assert not second.probabilities(field.box)[outside].any()
    assert second.window is not None
    assert second.window.covers(first.extent)


def test_clicks_taken_together_are_all_new(closed_form: ClosedFormModel, field: Field) -> None:
    predictor = Predictor(closed_form, SETTINGS)
    state = predictor(field, predictor.initial(), CLICKS[:2])
    assert closed_form.network.calls[0]["new_clicks"].shape == (1, 2, 3)
    assert state.zoom is None  # there was no map to follow


def test_undo_and_redo_restore_every_bit(
    closed_form: ClosedFormModel, squares: NDArray[np.uint8]
) -> None:
    interaction = Interaction(closed_form, squares, settings=SETTINGS)
    for click in CLICKS:
        interaction.click(click.y, click.x, click.foreground)
    expected = interaction.probabilities
    interaction.undo()
    interaction.undo()
    interaction.redo()
    np.testing.assert_array_equal(interaction.click(36, 66), expected > np.float32(0.49))
    np.testing.assert_array_equal(interaction.probabilities, expected)


def test_a_removed_click_is_as_if_it_had_not_been_made(
    closed_form: ClosedFormModel, field: Field
) -> None:
    predictor = Predictor(closed_form, SETTINGS)
    states = played(predictor, field, CLICKS)
    removed = predictor.remove(field, states[-1], CLICKS[1], earlier=states)
    expected = played(predictor, field, [CLICKS[0], *CLICKS[2:]])[-1]
    np.testing.assert_array_equal(
        removed.probabilities(field.box), expected.probabilities(field.box)
    )
    assert removed.zoom == expected.zoom


def test_work_goes_on_from_unrounded_probabilities(
    closed_form: ClosedFormModel, field: Field, rng: np.random.Generator
) -> None:
    predictor = Predictor(closed_form, SETTINGS)
    given = rng.random(field.shape, np.float32)
    state = predictor.start_from(field, predictor.initial(), given)
    predictor(field, state, [Click(40, 60)])
    call = closed_form.network.calls[0]
    np.testing.assert_array_equal(call["feedback"][0, 0], given)
    assert float(call["gate"]) == 1


def test_what_was_painted_lies_over_the_answer(closed_form: ClosedFormModel, field: Field) -> None:
    predictor = Predictor(closed_form, SETTINGS)
    state = played(predictor, field, CLICKS[:2])[-1]
    box = Box(105, 5, 115, 25)
    state = predictor.edit(field, state, box, np.ones(box.shape, bool))
    assert state.mask(box).all()
    state = predictor(field, state, [CLICKS[3]])
    assert state.mask(box).all()
    assert state.patch is not None
    assert (state.patch.probabilities(box) == 1).all()


@pytest.mark.parametrize("order", [("clean", "released"), ("released", "clean")])
def test_the_protocol_may_change_within_an_object(field: Field, order: tuple[str, str]) -> None:
    model = FakeModel()
    model.network.architecture = ClosedFormNetwork().architecture
    before, after = (Settings(protocol=protocol, zoom_size=128) for protocol in order)
    predictor = Predictor(model, before)
    state = played(predictor, field, [Click(40, 60), Click(45, 70)])[-1]
    state = played(predictor, field, [Click(50, 50), Click(35, 45)], predictor.retune(state, after))
    dtype = state[-1].patch.samples.dtype if state[-1].patch is not None else None
    assert dtype == (np.float32 if order[1] == "released" else np.uint8)
    assert state[-1].mask(field.box)[30:60, 40:80].mean() > 0.9


def test_a_picture_too_large_to_be_seen_whole_is_refused_in_one_sentence(
    closed_form: ClosedFormModel,
) -> None:
    field = Field.from_array(np.zeros((2049, 2048), np.uint8))
    predictor = Predictor(closed_form, SETTINGS)
    with pytest.raises(ValueError, match=r"2049 × 2048 came; set the protocol to clean"):
        predictor(field, predictor.initial(), [Click(5, 5)])


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (37, 1), (33, 51, 4)])
def test_pictures_of_any_shape_work(closed_form: ClosedFormModel, shape: tuple[int, ...]) -> None:
    field = Field.from_array(np.full(shape, 7, np.uint8), contrast="full")
    y, x = shape[0] // 2, shape[1] // 2
    states = played(Predictor(closed_form, SETTINGS), field, [Click(y, x)] * 3)
    assert states[-1].mask(field.box).shape == shape[:2]


# ----------------------------------------------------------------- the two programs, and options


def test_each_network_is_treated_by_the_program_of_its_authors() -> None:
    assert released_options(ClosedFormNetwork(fcfi=True)) == FCFI
    assert released_options(ClosedFormNetwork(fcfi=False)) == RITM


def test_ritms_window_need_not_hold_background_clicks(field: Field) -> None:
    far = [Click(80, 120), Click(85, 122), Click(3, 4, False)]
    for fcfi, holds in ((True, True), (False, False)):
        model = ClosedFormModel(ClosedFormNetwork(fcfi=fcfi))
        options = released_options(model.network)
        predictor = Predictor(model, SETTINGS, released=options)
        last = played(predictor, field, far)[-1]
        assert last.zoom is not None
        assert last.zoom.box.contains(3, 4) == holds
        # before the window along both axes it is no click at all; in the mirror image it is one
        straight, mirrored = (call["clicks"][0, -1] for call in model.network.calls[-2:])
        assert (straight.tolist() == [-1, -1, -1]) != holds
        assert float(mirrored[2]) == 0


def test_a_window_may_outlive_its_mask(field: Field) -> None:
    # many background clicks upon the object empty M_u
    clicks = [Click(40, 60), Click(44, 64), *[Click(42, 62, False)] * 6]
    kept, dropped = (
        played(Predictor(ClosedFormModel(), SETTINGS, released=options), field, clicks)
        for options in (FCFI, FCFI.mended(["window_outlives_its_mask"]))
    )
    assert kept[-1].zoom is not None
    assert kept[-1].zoom_patch is not None
    assert kept[-1].zoom_patch.mask_box(0.5).area == 0
    assert dropped[-1].zoom is None


def test_a_click_on_the_last_line_renews_the_window(field: Field) -> None:
    begun = [Click(40, 60), Click(42, 62)]
    box = played(Predictor(ClosedFormModel(), SETTINGS), field, begun)[-1].zoom.box
    edge = Click(box.y1 - 1, (box.x0 + box.x1) // 2)
    found = {}
    for options in (FCFI, FCFI.mended(["last_line_is_outside"])):
        predictor = Predictor(ClosedFormModel(), SETTINGS, released=options)
        found[options] = played(predictor, field, [*begun, edge])[-1].zoom.box
    assert found[FCFI] != box
    assert found[FCFI.mended(["last_line_is_outside"])] == box


def test_a_new_click_is_truncated_after_it_was_mirrored(field: Field) -> None:
    for options, same in ((FCFI, False), (FCFI.mended(["mirror_is_truncated"]), True)):
        model = ClosedFormModel()
        settings = SETTINGS.model_copy(update={"zoom_size": 171})
        played(Predictor(model, settings, released=options), field, CLICKS[:2])
        straight, mirrored = model.network.calls[-2:]
        width = straight["image"].shape[-1]
        assert float(straight["clicks"][0, -1, 1]) % 1 > 0
        x, mirrored_x = (float(call["new_clicks"][0, 0, 1]) for call in (straight, mirrored))
        assert (mirrored_x == width - 1 - x) == same


@pytest.mark.parametrize("name", list(ReleasedOptions.__dataclass_fields__))
def test_every_difference_can_be_mended_alone(field: Field, name: str) -> None:
    released = FCFI if getattr(FCFI, name) else RITM
    mended = released.mended([name])
    changed = [n for n in vars(mended) if getattr(released, n) != getattr(mended, n)]
    assert changed == [name]
    states = played(Predictor(ClosedFormModel(), SETTINGS, released=mended), field, CLICKS)
    assert np.isfinite(maps(states, field)).all()


def test_mended_what_lies_outside_the_window_stays(field: Field) -> None:
    predictor = Predictor(ClosedFormModel(), SETTINGS, released=FCFI.mended(["clears_outside"]))
    first, second = played(predictor, field, CLICKS[:2])
    assert second.zoom is not None
    outside = np.ones(field.shape, bool)
    outside[second.zoom.box.slices] = False
    np.testing.assert_array_equal(
        second.probabilities(field.box)[outside], first.probabilities(field.box)[outside]
    )


def test_a_difference_that_is_not_known_is_one_clear_sentence() -> None:
    unknown: Any = "nothing"
    with pytest.raises(ValueError, match="got 'nothing'; the differences are window_follows"):
        FCFI.mended([unknown])
