"""Windows of an object: which ones, how good they are, and how collecting goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_fcfi.checkpoints import Model, untrained_model
from napari_fcfi.inference import Box, Window
from training.data.evaluation_sets import Sample
from training.data.source import PictureSource, open_source
from training.quality.collected import OBJECTS_A_PIECE, collect, joined
from training.quality.windows import (
    LARGEST_IN_FIELD_PX,
    Seen,
    Windows,
    WindowSource,
    draw_sample,
    window_iou,
)


@pytest.fixture(scope="module")
def model() -> Model:
    return untrained_model()


@pytest.fixture
def source(folder: Path) -> PictureSource:
    return open_source(folder)


@pytest.mark.slow
def test_an_objects_windows_depend_on_its_number_alone(model: Model, source: PictureSource) -> None:
    first = WindowSource(model, source).of_object(7)
    again = WindowSource(model, source)
    again.of_object(3)
    for here, there in zip(first, again.of_object(7), strict=True):
        np.testing.assert_array_equal(here, there)
    other = WindowSource(model, source, seed=2).of_object(7)
    assert other.described.shape != first.described.shape or not np.array_equal(
        other.described, first.described
    )


def test_windows_of_the_search_and_of_its_finalists_are_two_groups(
    model: Model, source: PictureSource
) -> None:
    windows = WindowSource(model, source).of_object(0)
    searched, answered, *further = np.bincount(windows.group).tolist()
    assert searched >= 3
    assert answered >= 2
    assert all(count >= 1 for count in further)
    assert windows.described.shape == (len(windows.iou), 2 * 48 + 2 * 128 + 10)
    assert ((windows.iou >= 0) & (windows.iou <= 1)).all()


def test_what_lies_outside_a_window_is_missed() -> None:
    object_mask = np.zeros((40, 60), bool)
    object_mask[10:30, 10:50] = True
    ignore = np.zeros_like(object_mask)
    ignore[:, 45:] = True
    sample = Sample("", np.zeros((40, 60, 3), np.uint8), object_mask, ignore)
    box = Box(0, 0, 40, 30)
    perfect = object_mask[box.slices].astype(np.float32)
    seen = Seen(Window(box, (40, 30)), np.zeros(1, np.float16), perfect)
    # 20 of the 35 columns that count lie inside
    assert window_iou(seen, sample) == pytest.approx(20 / 35)
    nothing = Seen(seen.window, seen.described, np.zeros_like(perfect))
    assert window_iou(nothing, sample) == 0


def test_small_objects_of_microscopy_lie_in_large_fields_at_times(folder: Path) -> None:
    folder = folder.rename(folder.with_name("micro_drawn"))
    source = open_source(folder)
    rng = np.random.default_rng(0)
    samples = [draw_sample(rng, source) for _ in range(40)]
    longest = [max(sample.object_mask.shape) for sample in samples]
    assert 4 <= sum(side > 1000 for side in longest) <= 24
    assert all(0 < sample.object_mask.sum() < LARGEST_IN_FIELD_PX for sample in samples)


def test_collecting_goes_on_where_it_was_broken_off(
    model: Model,
    source: PictureSource,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[int] = []

    def of_object(_: WindowSource, number: int) -> Windows:
        if len(asked) == OBJECTS_A_PIECE + 10:
            asked.append(-1)
            raise KeyboardInterrupt
        asked.append(number)
        return Windows(
            np.full((2, 3), number, np.float16), np.zeros(2, np.float32), np.array([0, 1])
        )

    monkeypatch.setattr(WindowSource, "of_object", of_object)
    windows = WindowSource(model, source)
    with pytest.raises(KeyboardInterrupt):
        collect(windows, 2 * OBJECTS_A_PIECE, tmp_path)
    collected = collect(windows, 2 * OBJECTS_A_PIECE, tmp_path)
    assert capsys.readouterr().out == (
        f"1 of 2 pieces are taken from {tmp_path}, where they lie already\n"
    )
    assert asked.count(0) == 1
    assert asked.count(OBJECTS_A_PIECE) == 2
    assert collected.described[:, 0].tolist() == [n // 2 for n in range(4 * OBJECTS_A_PIECE)]
    assert collected.group.tolist() == list(range(4 * OBJECTS_A_PIECE))


def test_groups_of_different_objects_stay_apart() -> None:
    part = Windows(np.zeros((3, 1), np.float16), np.zeros(3, np.float32), np.array([0, 0, 1]))
    assert joined([part, part]).group.tolist() == [0, 0, 1, 2, 2, 3]
