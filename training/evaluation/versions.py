"""What a figure depends on besides the settings: packages, and this project's own code."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import napari_fcfi
from training import click_simulation
from training.data import evaluation_sets

PACKAGES = (
    "napari-fcfi",
    "numpy",
    "scipy",
    "torch",
    "torchvision",
    "timm",
    "pillow",
    "scikit-image",
    "opencv-python-headless",
)

CODE = (
    *(Path(napari_fcfi.__file__).parent / part for part in ("network", "inference", "checkpoints")),
    Path(napari_fcfi.__file__).parent / "settings.py",
    Path(__file__).parent,
    Path(click_simulation.__file__),
    Path(evaluation_sets.__file__),  # of the field of mirror images, which is made after the hash
)
"""Files and folders of this project on which figures depend; data as read have their own hash."""

CHECKOUT = Path(__file__).parents[2]


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of packages, and under ``code`` the hash of our own source files."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {"code": _code_hash()}


def commit() -> str | None:
    """The commit that is checked out, with ``-dirty`` where files differ; None outside of git."""
    if not (CHECKOUT / ".git").exists():  # or it would be that of a repository around this one
        return None
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def _code_hash() -> str:
    files = [file for part in CODE for file in ([part] if part.is_file() else part.rglob("*.py"))]
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()
