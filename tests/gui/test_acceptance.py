"""A real mouse and a real keyboard on a real window, and the real network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint

from tests.gui.fake import RADIUS
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Drawn:
    """An object of a sample image as drawn by hand: a box around it, and its area in px."""

    y0: int
    x0: int
    y1: int
    x1: int
    area: int

    def is_near(self, mask: np.ndarray) -> bool:
        """Whether a mask lies in the box, fills a good part of it, and is neither too small nor
        spread to what is around."""
        rows, columns = np.nonzero(mask)
        if not rows.size:
            return False
        inside = mask[self.y0 : self.y1, self.x0 : self.x1].sum() / rows.size
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        return bool(
            inside > 0.9
            and self.area / 3 < rows.size < self.area * 1.5
            and height > 0.5 * (self.y1 - self.y0)
            and width > 0.5 * (self.x1 - self.x0)
        )


DRAWN = {
    "coffee": Drawn(10, 165, 315, 410, 47_000),  # the cup and its handle, without the saucer
    "phase_contrast": Drawn(10, 205, 100, 278, 2_800),
}


class RealHand(Hand):
    """Moves the mouse of the X server; nothing is sent to a widget directly."""

    def xdotool(self, *arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], check=True, timeout=20)

    def real_click(self, *point: float, button: int = 1, times: int = 1) -> None:
        count = len(self.panel.session.clicks)
        where = self.place(self.panel.session.image, point)
        place = self.native.mapToGlobal(QPoint(0, 0)) + where
        ratio = self.native.devicePixelRatioF()
        x, y = round(place.x() * ratio), round(place.y() * ratio)
        self.xdotool("mousemove", "--sync", x, y)
        self.xdotool("click", "--repeat", times, "--delay", 60, button)
        self.qtbot.waitUntil(
            lambda: len(self.panel.session.clicks) == count + times, timeout=20_000
        )
        self.wait_long()

    def real_key(self, key: str) -> None:
        self.native.setFocus()
        self.xdotool("key", key)

    def wait_long(self) -> None:
        session = self.panel.session
        self.qtbot.waitUntil(lambda: not session.busy, timeout=120_000)


@pytest.fixture
def real(dock: Callable[..., Hand]) -> RealHand:
    """A shown window with a grey image, and nothing moving in it any more."""
    if shutil.which("xdotool") is None:
        pytest.fail("xdotool is needed to move a real mouse: apt install xdotool")
    hand = dock(grey(), show=True)
    hand.qtbot.waitExposed(hand.viewer.window._qt_window)
    hand.qtbot.wait(500)
    return RealHand(hand.viewer, hand.panel, hand.qtbot)


def test_left_and_right_clicks_of_a_real_mouse_change_the_pixels(real: RealHand) -> None:
    real.real_click(40, 50)
    full = np.zeros((80, 100), bool)
    full[40 - RADIUS : 41 + RADIUS, 50 - RADIUS : 51 + RADIUS] = True
    assert np.array_equal(real.own(1), full)
    real.qtbot.wait(600)  # or the second click would be a double-click
    real.real_click(42, 53, button=3)
    assert real.at(42, 53) == 0
    assert real.at(40 - RADIUS, 50 - RADIUS) == 1


def test_six_fast_clicks_at_one_place_are_six_clicks_and_no_zoom(real: RealHand) -> None:
    zoom = real.viewer.scene.camera.zoom
    real.real_click(40, 50, times=6)
    assert len(real.panel.session.clicks) == 6
    assert real.viewer.scene.camera.zoom == zoom


def test_real_keys_toggle_go_on_and_undo(real: RealHand) -> None:
    session, tool = real.panel.session, real.panel.tool
    real.real_click(40, 30)
    real.real_key("t")
    real.qtbot.waitUntil(lambda: not tool.left_is_foreground)
    real.real_key("t")
    real.qtbot.waitUntil(lambda: tool.left_is_foreground)
    real.real_key("n")
    real.qtbot.waitUntil(lambda: session.label == 2)
    real.real_click(40, 70)
    assert real.at(40, 70) == 2
    real.real_key("ctrl+z")
    real.qtbot.waitUntil(lambda: real.at(40, 70) == 0)
    real.real_key("ctrl+shift+z")
    real.qtbot.waitUntil(lambda: real.at(40, 70) == 2)
    assert real.at(40, 30) == 1


def test_the_network_segments_a_bright_disk_from_one_click(
    make_napari_viewer: Callable, qtbot
) -> None:
    rows, columns = np.ogrid[:160, :200]
    disk = (rows - 70) ** 2 + (columns - 120) ** 2 < 25**2
    image = np.where(disk, 200, 40).astype(np.uint8)
    viewer = make_napari_viewer(show=True)
    viewer.add_image(image)
    _, panel = viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    qtbot.waitUntil(lambda: not panel.loader.busy, timeout=120_000)
    qtbot.wait(500)
    hand = RealHand(viewer, panel, qtbot)
    hand.real_click(70, 120)
    mask = hand.own(1)
    assert (mask & disk).sum() / (mask | disk).sum() > 0.8
    hand.key("Z", "control")
    assert not hand.own(1).any()
    hand.key("Z", "control", "shift")
    assert np.array_equal(hand.own(1), mask)


def test_the_demo_clicks_by_itself_and_leaves_pictures_and_labels(
    tmp_path: Path, data_root: Path
) -> None:
    import tifffile
    from skimage.io import imread

    command = [sys.executable, "examples/demo.py", "--virtual", "--output", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for sample in ("coffee", "fluorescence", "phase_contrast"):
        assert (tmp_path / f"{sample}.png").stat().st_size > 10_000
        assert f"{sample}_labels.tif" in done.stdout
    labels = tifffile.imread(tmp_path / "fluorescence_labels.tif")
    folder = data_root / "data" / "eval" / "offline_samples" / "masks"
    truth = imread(folder / "fluorescence_nuclei.png")
    nucleus, mask = truth == truth[275, 265], labels == 1
    assert (mask & nucleus).sum() / (mask | nucleus).sum() > 0.8
    for sample, drawn in DRAWN.items():
        assert drawn.is_near(tifffile.imread(tmp_path / f"{sample}_labels.tif") == 1), sample


@pytest.mark.parametrize("arguments", [[], ["--virtual"]])
def test_the_demo_without_a_display_says_what_to_do(tmp_path: Path, arguments: list[str]) -> None:
    without = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "examples/demo.py", *arguments, "--output", str(tmp_path)],
        cwd=ROOT,
        env=without,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "No display was found: run 'make demo', or xvfb-run python examples/demo.py --virtual."
    )
