"""What importing the package costs, and what it needs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

HEAVY = ("torch", "torchvision", "timm", "skimage", "scipy", "napari", "magicgui", "qtpy", "PyQt6")

WITHOUT_WINDOWS = """
import sys

class Absent:
    blocked = {"napari", "qtpy", "magicgui", "superqt", "vispy", "PyQt5", "PyQt6", "PySide6"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def test_importing_the_package_loads_nothing_heavy(python: Callable[[str], str]) -> None:
    loaded = python("import sys, napari_fcfi; print(*sys.modules)").split()
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)


def test_the_command_line_loads_nothing_heavy(python: Callable[[str], str]) -> None:
    loaded = python("import sys, napari_fcfi.cli; print(*sys.modules)").split()
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)


@pytest.mark.slow
def test_clicks_become_a_mask_where_there_is_no_napari_and_no_qt(
    python: Callable[[str], str],
) -> None:
    printed = python(
        WITHOUT_WINDOWS
        + """
import numpy as np
import napari_fcfi as fcfi

picture = np.zeros((64, 80), np.uint8)
picture[20:40, 30:50] = 200
interaction = fcfi.Interaction(fcfi.load_model("fcfi-lite", device="cpu"), picture)
mask = interaction.click(30, 40)
print(mask.shape, mask.dtype, mask[30, 40])
"""
    )
    assert printed.split("\n")[0] == "(64, 80) bool True"


def test_a_window_without_napari_is_one_sentence_that_says_what_to_install(
    python: Callable[[str], str],
) -> None:
    printed = python(
        WITHOUT_WINDOWS
        + """
from napari_fcfi import cli

try:
    cli.main([])
except SystemExit as end:
    print(end.code)
"""
    )
    assert printed.strip().count("\n") == 0
    assert 'pip install "napari-fcfi[all]"' in printed
