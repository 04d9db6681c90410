"""A real viewer with the docked panel, a predictor that needs no network, and a hand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before napari is imported: nobody's own settings are read or written.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-fcfi-")) / "settings.yaml")
os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")

from napari_fcfi.settings import Settings
from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand, grey


@pytest.fixture
def predictor() -> Iterator[FakePredictor]:
    fake = FakePredictor()
    yield fake
    fake.gate.set()


@pytest.fixture
def fake_loader(predictor: FakePredictor, monkeypatch: pytest.MonkeyPatch) -> FakePredictor:
    """Panels get the fake predictor instead of a network."""
    from napari_fcfi.plugin import panel
    from napari_fcfi.plugin.model_loading import Loaded, ModelLoader, Request

    def load(request: Request) -> Loaded:
        return Loaded(request, predictor, ("fcfi-lite",), ("auto", "cpu"))

    def loader(parent: Any) -> ModelLoader:
        return ModelLoader(parent, load=load)

    monkeypatch.setattr(panel, "ModelLoader", loader)
    return predictor


@pytest.fixture
def dock(
    make_napari_viewer: Callable[..., Any], fake_loader: FakePredictor, qtbot: Any
) -> Callable[..., Hand]:
    """A function that opens a viewer on an image, docks the panel and waits for the model."""

    def open_with(image: Any = None, *, show: bool = False, view: Any = None, **how: Any) -> Hand:
        viewer = make_napari_viewer(show=show)
        if image is not None:
            viewer.add_image(image, **how)
        if view is not None:
            viewer.scene.camera.center, viewer.scene.camera.zoom = view
        _, panel = viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
        hand = Hand(viewer, panel, qtbot)
        qtbot.waitUntil(lambda: not panel.loader.busy, timeout=60_000)
        return hand

    return open_with


@pytest.fixture
def hand(dock: Callable[..., Hand]) -> Hand:
    """A grey image of 80 × 100 pixels with the panel beside it."""
    return dock(grey())


@pytest.fixture
def told() -> Iterator[list[str]]:
    """All that napari was asked to show to the user."""
    from napari.utils.notifications import notification_manager

    messages: list[str] = []

    def collect(notification: Any) -> None:
        messages.append(notification.message)

    notification_manager.notification_ready.connect(collect)
    yield messages
    notification_manager.notification_ready.disconnect(collect)


@pytest.fixture
def severities() -> Iterator[list[str]]:
    """How grave all that is which napari was asked to show."""
    from napari.utils.notifications import notification_manager

    found: list[str] = []

    def collect(notification: Any) -> None:
        found.append(notification.severity.value)

    notification_manager.notification_ready.connect(collect)
    yield found
    notification_manager.notification_ready.disconnect(collect)


@pytest.fixture(autouse=True)
def _settings_as_they_come() -> Iterator[None]:
    from napari_fcfi.plugin.preferences import store_settings

    yield
    store_settings(Settings())
