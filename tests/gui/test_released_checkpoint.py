"""A file as the authors' programs write it, opened in the panel and used with a real mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from napari_fcfi import Interaction, load_model
from napari_fcfi.settings import Settings
from tests.gui.test_acceptance import RealHand
from tests.reference_weights import write_released

pytestmark = pytest.mark.gui

MODEL = "fcfi_hrnet18s_small"


def test_a_released_file_is_opened_and_answers_real_clicks_as_it_does_in_python(
    make_napari_viewer: Callable,
    qtbot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "model_h18s.pth"
    write_released(file, MODEL)
    rows, columns = np.ogrid[:96, :120]
    disk = (rows - 40) ** 2 + (columns - 70) ** 2 < 20**2
    image = np.where(disk, 200, 40).astype(np.uint8)
    viewer = make_napari_viewer(show=True)
    viewer.add_image(image)
    _, panel = viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    qtbot.waitUntil(lambda: not panel.loader.busy, timeout=120_000)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    panel.model_row.file.click()
    qtbot.waitUntil(lambda: not panel.loader.busy, timeout=120_000)
    assert panel.model_row.model.value == str(file)
    assert "FCFI" in panel.model_row.terms.text()
    viewer.reset_view()  # the canvas became smaller when the panel was docked
    qtbot.wait(500)

    hand = RealHand(viewer, panel, qtbot)
    hand.real_click(40, 70)
    first = hand.own(1)
    qtbot.wait(600)  # or the second click would be a double-click
    hand.real_click(80, 20, button=3)

    interaction = Interaction(load_model(file), image, settings=Settings())
    (y, x), (y2, x2) = ((c.y, c.x) for c in panel.session.clicks)
    assert np.array_equal(first, interaction.click(y, x))
    assert first.any()
    assert np.array_equal(hand.own(1), interaction.click(y2, x2, foreground=False))
