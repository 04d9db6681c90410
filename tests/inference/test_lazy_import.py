"""`import napari_fcfi` costs nothing, and its names are there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import napari_fcfi
import napari_fcfi.inference as inference


def run(code: str) -> str:
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return found.stdout.strip()


@pytest.mark.parametrize("module", ["napari_fcfi", "napari_fcfi.inference"])
def test_importing_loads_neither_torch_nor_napari_nor_qt(module: str) -> None:
    code = f"""
import sys, {module}
heavy = "torch timm napari qtpy PyQt5 PyQt6 PySide6 skimage scipy numpy pydantic".split()
print([name for name in heavy if name in sys.modules])
"""
    assert run(code) == "[]"


def test_values_are_had_without_torch() -> None:
    code = """
import sys
from napari_fcfi.inference import Box, Click, Field, Patch, State, Window, submit
print("torch" in sys.modules)
"""
    assert run(code) == "False"


def test_every_public_name_is_there() -> None:
    for package in (napari_fcfi, inference):
        assert set(package.__all__) <= set(dir(package))
        for name in package.__all__:
            assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = napari_fcfi.nonsense  # type: ignore[attr-defined]
