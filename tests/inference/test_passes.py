"""Passes of the network over windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_fcfi.inference import Box, Click, Field, Patch, Window
from napari_fcfi.inference.feature_cache import FeatureCache, tensor_bytes
from napari_fcfi.inference.passes import Passes, Question
from tests.inference.fake_network import FakeModel, FakeNetwork

CLICKS = (Click(45, 50), Click(20, 20, False))


@pytest.fixture
def field(squares: NDArray[np.uint8]) -> Field:
    return Field.from_array(squares, contrast="full")


def test_the_network_is_asked_in_its_own_pixels(model: FakeModel, field: Field) -> None:
    window = Window(Box(0, 0, 120, 160), (240, 320))
    asked = Question(CLICKS, CLICKS[1:], None, 0.7)
    Passes(model, 0).answer(field, field.limits, window, asked, flip=False)
    (call,) = model.network.calls
    np.testing.assert_allclose(call["clicks"], [[[90.5, 100.5, 1], [40.5, 40.5, 0]]])
    np.testing.assert_allclose(call["new_clicks"], [[[40.5, 40.5, 0]]])
    assert call["map"].shape == (1, 2, 240, 320)
    assert call["map"][0, 0, 90, 100] == call["map"][0, 1, 40, 40] == 1
    assert call["ratio"] == 0.7
    assert model.network.encoded == [(1, 3, 240, 320)]


def test_the_gate_is_closed_without_feedback_and_open_with_it(
    model: FakeModel, field: Field
) -> None:
    window = Window.of(field.box, 160)
    patch = Patch.from_array(np.ones((10, 10), bool), Box(5, 6, 15, 16))
    passes = Passes(model, 0)
    for feedback in (None, patch):
        asked = Question(CLICKS, CLICKS, feedback, 0.3)
        passes.answer(field, field.limits, window, asked, flip=False)
    first, later = model.network.calls
    assert first["gate"].shape == later["gate"].shape == (1, 1, 1, 1)
    assert (first["gate"], later["gate"]) == (0, 1)
    assert not first["feedback"].any()
    assert later["feedback"].sum() == 100
    assert later["feedback"][0, 0, 5, 6] == 1


def test_the_mirror_image_is_asked_the_same_and_mirrored_back(
    model: FakeModel, field: Field
) -> None:
    window = Window.of(field.box, 160)
    patch = Patch.from_array(np.ones((10, 10), bool), Box(5, 6, 15, 16))
    asked = Question(CLICKS, CLICKS, patch, 0.3)
    passes = Passes(model, 0)
    flipped = passes.answer(field, field.limits, window, asked, flip=True)
    plain, mirrored = model.network.calls
    assert mirrored["clicks"][0, 0].tolist() == [45, 159 - 50, 1]
    np.testing.assert_array_equal(mirrored["feedback"], plain["feedback"].flip(-1))
    np.testing.assert_array_equal(mirrored["map"], plain["map"].flip(-1))
    # this network is blind to the mirror, so the average is the plain answer
    once = passes.answer(field, field.limits, window, asked, flip=False)
    np.testing.assert_allclose(flipped.probabilities, once.probabilities, atol=1e-6)
    np.testing.assert_array_equal(flipped.affinity, once.affinity)


def test_flip_averages_logits(field: Field) -> None:
    class OneSided(FakeNetwork):
        def decode(self, *args: object, **kwargs: object):  # type: ignore[no-untyped-def]
            prediction = super().decode(*args, **kwargs)  # type: ignore[arg-type]
            prediction.logits[:] = 0
            prediction.logits[..., :10] = 4
            return prediction

    asked = Question(CLICKS, CLICKS, None, 0.3)
    window = Window.of(field.box, 160)
    passes = Passes(FakeModel(OneSided()), 0)
    answer = passes.answer(field, field.limits, window, asked, flip=True)
    half = torch.sigmoid(torch.tensor(2.0)).item()
    np.testing.assert_allclose(answer.probabilities[:, :10], half, atol=1e-6)
    np.testing.assert_allclose(answer.probabilities[:, -10:], half, atol=1e-6)
    np.testing.assert_allclose(answer.probabilities[:, 10:-10], 0.5)


def test_a_batch_answers_as_its_windows_alone_do(model: FakeModel, field: Field) -> None:
    windows = [Window.of(Box.around(45, 50, side, side), 64) for side in (30, 50, 80)]
    asked = Question((*CLICKS, Click(80, 80)), CLICKS[:1], None, 0.3)
    passes = Passes(model, 0)
    together = passes.answers(field, field.limits, windows, asked)
    assert [len(call["clicks"]) for call in model.network.calls] == [3]
    assert model.network.calls[0]["clicks"][0, 1].tolist() == [-1, -1, -1]
    for window, answer in zip(windows, together, strict=True):
        alone = passes.answer(field, field.limits, window, asked, flip=False)
        np.testing.assert_array_equal(answer.probabilities, alone.probabilities)
        assert answer.quality == alone.quality


def test_features_of_a_window_are_made_once(model: FakeModel, field: Field) -> None:
    passes = Passes(model, 2**24)
    window = Window.of(field.box, 160)
    asked = Question(CLICKS, CLICKS, None, 0.3)
    first = passes.answer(field, field.limits, window, asked, flip=True)
    assert len(model.network.encoded) == 2
    again = passes.answer(field, field.limits, window, asked, flip=True)
    assert len(model.network.encoded) == 2
    np.testing.assert_array_equal(first.probabilities, again.probabilities)


def test_pixels_are_read_once_for_the_window_and_its_mirror(
    model: FakeModel, squares: NDArray[np.uint8]
) -> None:
    reads = []

    class Watched:
        shape, dtype = squares.shape, squares.dtype

        def __getitem__(self, key: tuple[slice, slice]) -> NDArray[np.uint8]:
            reads.append(key)
            return squares[key]

    field = Field.from_array(Watched(), contrast="full")
    asked = Question(CLICKS, CLICKS, None, 0.3)
    passes = Passes(model, 2**24)
    for _ in range(2):
        passes.answer(field, field.limits, Window.of(field.box, 160), asked, flip=True)
    assert len(reads) == 1


@pytest.mark.parametrize("what", ["field", "limits", "window", "size", "hash"])
def test_features_are_made_anew_when_anything_they_depend_on_changes(
    model: FakeModel, field: Field, what: str
) -> None:
    passes = Passes(model, 2**24)
    window = Window.of(field.box, 160)
    asked = Question(CLICKS, CLICKS, None, 0.3)
    passes.answer(field, field.limits, window, asked, flip=False)
    limits = field.limits
    if what == "field":
        field = Field.from_array(field.arrays[0], contrast="full")
    elif what == "limits":
        limits = ((0.0, 99.0),)
    elif what == "window":
        window = Window.of(Box(0, 0, 100, 100), 160)
    elif what == "size":
        window = Window.of(field.box, 161)
    else:
        model.sha256 = "1" * 64
    passes.answer(field, limits, window, asked, flip=False)
    assert len(model.network.encoded) == 2


def test_a_network_with_early_fusion_is_never_cached(field: Field) -> None:
    model = FakeModel(FakeNetwork(early=True))
    passes = Passes(model, 2**24)
    asked = Question(CLICKS, CLICKS, None, 0.3)
    for _ in range(2):
        passes.answer(field, field.limits, Window.of(field.box, 160), asked, flip=False)
    assert len(model.network.encoded) == 2
    assert passes.cache.bytes == 0


def test_the_cache_stays_within_its_bytes_and_drops_the_longest_unused() -> None:
    cache = FeatureCache(3 * 400)
    made = []

    def get(key: int, size: int = 100) -> None:
        cache.get(key, lambda: made.append(key) or (torch.zeros(size), {"a": [None]}))

    for key in (1, 2, 3, 1, 4):
        get(key)
    assert cache.bytes == 1200
    get(1)
    assert made == [1, 2, 3, 4]
    get(2)
    assert made == [1, 2, 3, 4, 2]
    get(9, 1000)  # larger than all of it: made, not kept
    get(9, 1000)
    assert made[-2:] == [9, 9]
    assert cache.bytes == 1200


def test_bytes_are_those_of_all_tensors_inside() -> None:
    assert tensor_bytes((torch.zeros(2, 3), [torch.zeros(4, dtype=torch.uint8)], {"x": 3})) == 28
