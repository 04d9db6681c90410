"""Open napari on a sample image with the panel docked; or click by itself.

    python examples/demo.py             a window, ready to click
    python examples/demo.py --virtual   a real mouse (xdotool) clicks on one object of each of three
                                        sample images; screenshots and label files go to demo/

Both need a display. Where there is none, `make demo` makes a virtual one, and so does
`xvfb-run python examples/demo.py --virtual`. `--virtual` is meant for a display that nobody uses:
the mouse is moved.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_fcfi.cli import has_display

if TYPE_CHECKING:
    import napari

OUTPUT = Path("demo")
NO_DISPLAY = "No display was found: run 'make demo', or xvfb-run python examples/demo.py --virtual."
TIMEOUT_S = 180.0
MODEL_TIMEOUT_S = 300.0
PAUSE_S = 0.6
"""Between two clicks: faster ones at one place are double-clicks to Qt."""


@dataclass(frozen=True)
class Scene:
    """A sample image, and the clicks (y, x, foreground) on one object of it."""

    sample: str
    object: str
    clicks: tuple[tuple[float, float, bool], ...]


SCENES = (
    Scene(
        "coffee",
        "the cup",
        ((120.0, 290.0, True), (235.0, 290.0, True), (270.0, 360.0, False), (255.0, 215.0, True)),
    ),
    Scene("fluorescence", "a nucleus", ((275.0, 265.0, True),)),
    Scene("phase_contrast", "a cell", ((60.0, 245.0, True),)),
)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--virtual", action="store_true", help="click by a real mouse, then end")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for --virtual")
    arguments = parser.parse_args()
    if not has_display():
        sys.exit(NO_DISPLAY)
    if arguments.virtual:
        click_by_itself(arguments.output)
    else:
        open_window()


def open_window() -> None:
    """Napari with the panel on a sample image, until the user closes it."""
    import napari

    viewer = napari.Viewer()
    viewer.open_sample("napari-fcfi", "fluorescence")
    viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    napari.run()


def click_by_itself(output: Path) -> None:
    """Click on an object of each scene, and save what came of it."""
    if shutil.which("xdotool") is None:
        sys.exit("The demo with --virtual needs xdotool (apt install xdotool) to move a mouse.")
    # Nobody's own napari settings are read or changed.
    settings = Path(tempfile.mkdtemp(prefix="napari-fcfi-demo-")) / "settings.yaml"
    os.environ["NAPARI_CONFIG"] = str(settings)
    output.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        play(scene, output)


def play(scene: Scene, output: Path) -> None:
    """One scene in a window of its own."""
    import napari
    import tifffile

    viewer = napari.Viewer()
    viewer.window.resize(1500, 900)
    viewer.open_sample("napari-fcfi", scene.sample)
    _, panel = viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    wait_for(lambda: not panel.loader.busy, MODEL_TIMEOUT_S, "The model did not load in time.")
    settle()
    viewer.reset_view()
    settle()
    for count, (y, x, foreground) in enumerate(scene.clicks, start=1):
        click(viewer, panel.session.image, (y, x), button=1 if foreground else 3)
        wait_for(
            lambda count=count: len(panel.session.clicks) == count and not panel.session.busy,
            TIMEOUT_S,
            f"The click on {scene.object} in “{scene.sample}” had no effect: "
            f"{panel.status.text.text()}",
        )
        settle(PAUSE_S)
    labels = panel.session.labels
    y, x, _ = scene.clicks[0]
    if not labels.data[round(y), round(x)]:
        sys.exit(f"There is no mask where {scene.object} in “{scene.sample}” was clicked.")
    screenshot, label_file = output / f"{scene.sample}.png", output / f"{scene.sample}_labels.tif"
    viewer.screenshot(str(screenshot), canvas_only=False, flash=False)
    tifffile.imwrite(label_file, labels.data, compression="zlib")
    print(
        f"{scene.sample}: {scene.object}, {panel.status.text.text()}, "
        f"{int((labels.data > 0).sum())} px\n  {screenshot.resolve()}\n  {label_file.resolve()}",
        flush=True,
    )
    viewer.close()
    settle()


def click(viewer: napari.Viewer, layer: Any, point: tuple[float, float], *, button: int) -> None:
    """Move the real mouse to a data point of a layer, and click."""
    x, y = screen_position(viewer, layer, point)
    subprocess.run(
        ["xdotool", "mousemove", "--sync", str(x), str(y), "click", str(button)],
        check=True,
        timeout=TIMEOUT_S,
    )


def screen_position(
    viewer: napari.Viewer, layer: Any, point: tuple[float, float]
) -> tuple[int, int]:
    """Where on the screen a data point of a flat layer is, in physical pixels, x first."""
    import numpy as np
    from qtpy.QtCore import QPoint

    # napari has no public way from the world to the canvas.
    canvas = viewer.window._qt_viewer.canvas
    origin, right, down = (
        np.asarray(canvas._map_canvas2world(at, canvas.view))[-2:]
        for at in ((0, 0), (1, 0), (0, 1))
    )
    steps = np.stack([right - origin, down - origin], axis=1)
    x, y = np.linalg.solve(steps, np.asarray(layer.data_to_world(point)) - origin)
    ratio = canvas.native.devicePixelRatioF()
    corner = canvas.native.mapToGlobal(QPoint(0, 0))
    return round((corner.x() + x) * ratio), round((corner.y() + y) * ratio)


def wait_for(condition: Callable[[], bool], limit_s: float, complaint: str) -> None:
    """Let the window live until something is so; end with a sentence where it takes too long."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            sys.exit(complaint)
        settle(0.02)


def settle(duration_s: float = 0.3) -> None:
    """Let the window live for a while."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
