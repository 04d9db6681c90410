"""The same with the real network, whose weights are random here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_fcfi.checkpoints import Model, untrained_model
from napari_fcfi.inference import Box, Click, Field, Interaction, Predictor, State
from napari_fcfi.settings import Settings

SETTINGS = Settings(zoom_size=128)


@pytest.fixture(scope="module")
def network_model() -> Model:
    return untrained_model(seed=0)


def after(predictor: Predictor, field: Field) -> list[State]:
    states = [predictor.initial()]
    for clicks in ([Click(40, 60)], [Click(50, 50), Click(10, 10, False)], [Click(80, 120)]):
        states.append(predictor(field, states[-1], clicks))
    return states


def test_cache_on_and_off_agree_bit_for_bit(
    network_model: Model, squares: NDArray[np.uint8]
) -> None:
    field = Field.from_array(squares)
    cached = after(Predictor(network_model, SETTINGS), field)
    plain = after(Predictor(network_model, SETTINGS, cache_bytes=0), field)
    for a, b in zip(cached, plain, strict=True):
        box = field.box
        np.testing.assert_array_equal(a.probabilities(box), b.probabilities(box))
        assert (a.quality, a.zoom) == (b.quality, b.zoom)


def test_replaying_a_removal_is_bit_for_bit_what_was(
    network_model: Model, squares: NDArray[np.uint8]
) -> None:
    field = Field.from_array(squares)
    predictor = Predictor(network_model, SETTINGS)
    states = after(predictor, field)
    extra = predictor(field, states[-1], [Click(100, 20)])
    back = predictor.remove(field, extra, Click(100, 20))
    np.testing.assert_array_equal(
        back.probabilities(field.box), states[-1].probabilities(field.box)
    )


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1)),
        np.full((1, 1, 4), 9, np.uint8),
        np.zeros((1, 300), bool),
        np.full((30, 41), np.nan),
        np.random.default_rng(0).integers(0, 255, (90, 61, 4), dtype=np.uint8),
    ],
    ids=lambda image: f"{image.shape}-{image.dtype}",
)
@pytest.mark.parametrize("zoom_size", [128, 131])
def test_every_kind_of_picture_simply_works(
    network_model: Model, image: NDArray[Any], zoom_size: int
) -> None:
    interaction = Interaction(network_model, image, settings=Settings(zoom_size=zoom_size))
    y, x = image.shape[0] // 2, image.shape[1] // 2
    for foreground in (True, False, True):
        mask = interaction.click(y, x, foreground)
        assert mask.shape == image.shape[:2]
        assert mask[y, x] == foreground
    assert interaction.state.quality is not None
    assert np.isfinite(interaction.probabilities).all()


def test_a_click_reads_and_changes_only_its_window(network_model: Model) -> None:
    reads: list[tuple[slice, slice]] = []

    class Huge:
        shape, dtype = (50_000, 60_000), np.dtype(np.uint16)

        def __getitem__(self, key: tuple[slice, slice]) -> NDArray[np.uint16]:
            reads.append(key)
            rows, columns = (np.arange(part.start, part.stop) for part in key)
            return np.add.outer(rows, columns).astype(np.uint16)

    predictor = Predictor(network_model, SETTINGS)
    field = Field.from_array(Huge())
    scope = Box(30_000, 20_000, 30_300, 20_400)
    state = predictor(field, predictor.initial(), [Click(30_100, 20_100)], scope=scope)
    reads.clear()
    state = predictor(field, state, [Click(30_110, 20_090)])
    assert state.window is not None
    assert state.zoom is not None
    assert state.zoom.box.covers(state.window)
    assert all(r.stop - r.start <= state.zoom.box.height for r, _ in reads)
