"""Labels that cannot be written: refused in one sentence, and the history stays true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import Dims
from napari.layers import Image, Labels

from napari_fcfi.annotation import Change, Plane
from napari_fcfi.inference import Box
from napari_fcfi.plugin import labels_layer
from napari_fcfi.plugin.object_layer import ObjectLayer
from napari_fcfi.settings import Settings
from tests.gui.fake import FakePredictor, FakeState
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


class Store:
    """Labels in a store outside the memory: an array that is no numpy array."""

    def __init__(self, data: np.ndarray, *, read_only: bool = False) -> None:
        self.inner, self.read_only = data, read_only
        self.read: list[int] = []
        """How many pixels each reading had."""
        self.shape, self.ndim, self.size, self.dtype = data.shape, data.ndim, data.size, data.dtype

    def __getitem__(self, key: Any) -> Any:
        part = self.inner[key]
        self.read.append(np.size(part))
        return part

    def __setitem__(self, key: Any, value: Any) -> None:
        self.inner[key] = value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        self.read.append(self.size)
        return np.array(self.inner, dtype=dtype)


def frozen(data: np.ndarray) -> np.ndarray:
    data.flags.writeable = False
    return data


def empty() -> np.ndarray:
    return np.zeros((80, 100), np.uint8)


@pytest.mark.parametrize(
    "data", [frozen(empty()), Store(empty(), read_only=True)], ids=["numpy", "store"]
)
def test_labels_that_are_read_only_are_refused(data: Any) -> None:
    problem = labels_layer.problem_of(Labels(data), Image(grey()))
    assert problem is not None
    assert "cannot be edited" in problem


def test_a_store_that_can_be_written_is_taken() -> None:
    assert labels_layer.problem_of(Labels(Store(empty())), Image(grey())) is None


@pytest.mark.parametrize("action", ["undo", "redo", "reset", "delete"])
def test_nothing_is_done_to_labels_that_became_read_only(
    hand: Hand, told: list[str], action: str
) -> None:
    hand.click_and_wait(30, 20)
    hand.click_and_wait(30, 70)
    session = hand.panel.session
    if action == "redo":
        session.undo()
    before, clicks = np.array(session.labels.data), session.clicks
    session.labels.data.flags.writeable = False
    act = {
        "undo": session.undo,
        "redo": session.redo,
        "reset": session.reset_object,
        "delete": session.delete_object,
    }[action]
    act()
    assert len(told) == 1
    assert "cannot be edited" in told[0]
    assert session.clicks == clicks
    assert session.label == 1
    session.labels.data.flags.writeable = True
    assert np.array_equal(session.labels.data, before)
    act()
    assert len(told) == 1
    assert not np.array_equal(session.labels.data, before)


def failing(*_: Any) -> None:
    raise OSError("disk full")


def test_an_answer_that_cannot_be_written_is_no_step_and_what_waits_goes_on(
    hand: Hand, predictor: FakePredictor, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = labels_layer.write

    def fail_once(*how: Any) -> None:
        monkeypatch.setattr(labels_layer, "write", write)
        failing()

    monkeypatch.setattr(labels_layer, "write", fail_once)
    predictor.gate.clear()
    hand.click(30, 20)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 1)
    hand.click(30, 70)
    predictor.gate.set()
    hand.wait()
    assert len(told) == 1
    assert "could not be read or written (OSError: disk full)" in told[0]
    assert (hand.at(30, 20), hand.at(30, 70)) == (0, 1)
    assert [round(click.x) for click in hand.panel.session.clicks] == [70]
    hand.panel.session.undo()
    assert not hand.panel.session.can_undo


def test_an_undo_that_cannot_be_written_can_be_tried_again(
    hand: Hand, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.click_and_wait(30, 20)
    session = hand.panel.session
    with monkeypatch.context() as broken:
        broken.setattr(labels_layer, "write", failing)
        session.undo()
    assert "disk full" in told[0]
    assert session.can_undo
    assert not session.can_redo
    assert len(session.clicks) == 1
    session.undo()
    assert not hand.own(1).any()


def test_a_store_that_holds_no_further_label_is_not_replaced_by_a_copy(
    dock: Callable[..., Hand], told: list[str]
) -> None:
    hand = dock(grey())
    data = empty()
    data[5, 5] = 255
    store = Store(data)
    hand.panel.labels_box.value = hand.viewer.add_labels(store)
    hand.panel.tool.activate()
    hand.click_and_wait(40, 40)
    assert hand.panel.session.labels.data is store
    assert not hand.own(1).any()
    assert all("does not hold the label 256" in text for text in told)
    assert told
    assert "\n" not in told[0]


@pytest.mark.parametrize("view", [lambda data: data, np.asarray], ids=["memmap", "view"])
def test_a_file_in_memory_that_holds_no_further_label_is_not_replaced_by_a_copy(
    dock: Callable[..., Hand], told: list[str], tmp_path: Path, view: Callable[..., Any]
) -> None:
    hand = dock(grey())
    mapped = np.memmap(tmp_path / "labels", np.uint8, "w+", shape=(80, 100))
    mapped[5, 5] = 254
    data = view(mapped)
    hand.panel.labels_box.value = hand.viewer.add_labels(data)
    hand.panel.tool.activate()
    hand.click_and_wait(20, 20)
    assert told == []
    assert mapped[20, 20] == 255
    hand.key("N")
    hand.click_and_wait(60, 60)
    assert hand.panel.session.labels.data is data
    assert mapped[60, 60] == 0
    assert all("does not hold the label 256" in text for text in told)
    assert told


def test_the_copy_of_a_file_in_memory_is_widened(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "labels", np.uint8, "w+", shape=(80, 100))
    labels = Labels(mapped.copy())
    labels_layer.make_room(labels, 256)
    assert labels.data.dtype == np.uint16


def test_very_large_labels_begin_with_a_type_that_need_not_be_widened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = Image(grey())
    monkeypatch.setattr(labels_layer, "LARGE_PX", 80 * 100)
    assert labels_layer.new_labels(image).data.dtype == np.uint8
    monkeypatch.setattr(labels_layer, "LARGE_PX", 80 * 100 - 1)
    assert labels_layer.new_labels(image).data.dtype == np.uint16


def test_of_a_store_only_the_box_that_a_click_may_change_is_read() -> None:
    store = Store(np.zeros((3, 80, 100), np.uint8))
    labels = Labels(store, visible=False)  # else napari reads for the screen
    objects = ObjectLayer(labels, Dims(ndim=labels.ndim), lambda: None, largest=0)
    plane, box = Plane((1, None, None)), Box(20, 30, 36, 50)
    store.read.clear()
    objects.take(
        1,
        plane,
        FakeState(Settings()),
        box,
        np.ones(box.shape, np.bool_),
        image=None,
        by_hand=Change.none(),
        retunes=False,
        overwrite=False,
    )
    assert np.array_equal(np.argwhere(store.inner)[[0, -1]], [[1, 20, 30], [1, 35, 49]])
    assert store.read
    assert max(store.read) == box.area
    objects.reset(1)
    assert not store.inner.any()
    assert max(store.read) == box.area


def test_a_zarr_array_is_written_and_written_back(dock: Callable[..., Hand]) -> None:
    zarr = pytest.importorskip("zarr")  # comes with the training only
    hand = dock(grey((3, 80, 100)))
    store = zarr.zeros((3, 80, 100), chunks=(1, 16, 16), dtype=np.uint8)
    store[2, 5, 5] = 6
    hand.panel.labels_box.value = hand.viewer.add_labels(store)
    hand.panel.tool.activate()
    session, at = hand.panel.session, int(hand.viewer.dims.current_step[0])
    empty = store[:]
    hand.click_and_wait(at, 30, 20)
    masked = store[:]
    assert masked[at, 30, 20] == 7
    session.undo()
    assert np.array_equal(store[:], empty)
    session.redo()
    assert np.array_equal(store[:], masked)
    session.delete_object()
    assert np.array_equal(store[:], empty)
