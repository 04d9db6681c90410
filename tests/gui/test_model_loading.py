"""Models that load, that load elsewhere than asked, and that do not load."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from pytestqt.qtbot import QtBot

import napari_fcfi.checkpoints.load as checkpoint_loading
from napari_fcfi.inference import thread
from napari_fcfi.plugin import panel as panel_module
from napari_fcfi.plugin.model_loading import (
    DEFAULT_MODEL,
    Loaded,
    ModelLoader,
    Request,
    load,
)
from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


@pytest.fixture
def absent_gpu(monkeypatch: pytest.MonkeyPatch) -> str:
    """A GPU that is taken for one that is there, and fails as soon as it is used."""
    absent = "cuda" if torch.backends.mps.is_built() else "mps"

    def choose(device: str = "auto") -> torch.device:
        return torch.device(absent if device == "auto" else device)

    # torch's own `is_available` must stay: parts of torch look at it when they are imported.
    monkeypatch.setattr(checkpoint_loading, "choose_device", choose)
    return absent


@pytest.mark.slow
def test_where_the_gpu_fails_auto_takes_the_processor_and_the_panel_says_so(
    dock: Callable[..., Hand],
    told: list[str],
    absent_gpu: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hand = dock(grey())
    panel = hand.panel
    monkeypatch.setattr(panel.loader, "_load", load)
    panel.model_row.wanted.emit(DEFAULT_MODEL, "auto")
    hand.qtbot.waitUntil(lambda: not panel.loader.busy, timeout=60_000)
    said = panel.status.text.text()
    assert said.startswith(f"The GPU “{absent_gpu}” failed (")
    assert said.endswith("so the model runs on the processor: click on an object.")
    assert "\n" not in said
    assert told == []
    hand.click_and_wait(30, 20)
    assert panel.status.text.text().endswith(" · cpu")


def test_a_gpu_that_was_asked_for_by_name_is_not_replaced(absent_gpu: str) -> None:
    with pytest.raises((RuntimeError, AssertionError)):
        load(Request(device=absent_gpu))


def test_where_torch_cannot_be_loaded_each_try_says_why(
    hand: Hand, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = hand.panel
    monkeypatch.setattr(thread, "_here", threading.local())  # as if nothing had begun yet
    monkeypatch.setitem(sys.modules, "torch", None)
    for _ in range(2):
        panel.model_row.wanted.emit(DEFAULT_MODEL, "cpu")
        hand.qtbot.waitUntil(lambda: not panel.loader.busy)
    assert told[0].startswith("torch could not be loaded (ModuleNotFoundError: ")
    assert told[0] == told[1] == panel.status.text.text()


def test_a_thread_that_takes_no_work_is_told(
    hand: Hand, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = ThreadPoolExecutor(1)
    ended.shutdown()
    monkeypatch.setattr(thread, "_executor", ended)
    hand.panel.model_row.wanted.emit(DEFAULT_MODEL, "cpu")
    hand.qtbot.waitUntil(lambda: not hand.panel.loader.busy)
    assert "cannot schedule new futures after shutdown" in told[0]
    hand.click_and_wait(30, 20)
    assert "cannot schedule new futures after shutdown" in told[1]


def test_without_any_model_clicks_are_taken_back_and_refused_until_one_is_chosen(
    make_napari_viewer: Callable[..., Any],
    predictor: FakePredictor,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    def load_on_cpu(request: Request) -> Loaded:
        assert predictor.gate.wait(10)
        if request.device != "cpu":
            raise ValueError("no such kernel")
        return Loaded(request, predictor, ("fcfi-lite",), ("auto", "cpu"))

    predictor.gate.clear()
    monkeypatch.setattr(
        panel_module, "ModelLoader", lambda parent: ModelLoader(parent, load=load_on_cpu)
    )
    viewer = make_napari_viewer()
    viewer.add_image(grey())
    _, panel = viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    hand = Hand(viewer, panel, qtbot)
    hand.click(30, 20)
    assert len(panel.session.clicks) == 1
    predictor.gate.set()
    hand.wait()
    assert panel.session.clicks == []
    assert len(panel.tool.layer.data) == 0
    assert panel.status.text.text() == told[0]
    assert "no such kernel" in told[0]
    hand.click(30, 20)
    assert not panel.session.busy
    assert panel.status.text.text() == told[1]
    assert told[1].startswith("A click needs a model")
    panel.model_row.device.value = "cpu"
    hand.click_and_wait(30, 70)
    assert hand.at(30, 70) == 1
    assert len(told) == 2


def test_a_model_that_does_not_load_takes_no_clicks_from_the_one_that_is_there(
    hand: Hand, predictor: FakePredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ValueError("no such kernel")

    session, loader = hand.panel.session, hand.panel.loader
    predictor.gate.clear()
    hand.click(30, 20)
    monkeypatch.setattr(loader, "_load", broken)
    with ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(loader, "_submit", other.submit)
        hand.panel.model_row.device.value = "cpu"
        hand.qtbot.waitUntil(lambda: not loader.busy)
    assert len(session.clicks) == 1
    predictor.gate.set()
    hand.wait()
    hand.click_and_wait(30, 70)
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 1)
