"""Building a network in a process that draws with OpenGL already."""

from __future__ import annotations

import subprocess
import sys

import pytest

VIEWER_THEN_NETWORK = """
import napari
from qtpy.QtWidgets import QApplication

viewer = napari.Viewer()
QApplication.processEvents()

from napari_fcfi.network import FCFI

FCFI()
viewer.close()
print("built")
"""


@pytest.mark.gui
def test_a_network_can_be_built_while_a_viewer_is_open() -> None:
    done = subprocess.run(
        [sys.executable, "-c", VIEWER_THEN_NETWORK], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "built"


@pytest.mark.slow
def test_the_loaders_flags_are_put_back() -> None:
    source = """
import sys

flags = sys.getdlopenflags()
from napari_fcfi.network.timm_beside_mesa import import_timm

assert import_timm().__name__ == "timm"
assert sys.getdlopenflags() == flags
"""
    subprocess.run([sys.executable, "-c", source], check=True)
