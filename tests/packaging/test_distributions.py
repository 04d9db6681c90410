"""What a release holds, and that it works where only the release is installed."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from importlib.metadata import version
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
QT_BINDINGS = ("pyqt5", "pyqt6", "pyside2", "pyside6")
WEIGHTS_LICENCE = "LicenseRef-napari-fcfi-research-weights"


@pytest.fixture(scope="session")
def wheel_names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names if ".dist-info" not in name}
    assert tops == {"napari_fcfi"}
    assert {"napari_fcfi/napari.yaml", "napari_fcfi/py.typed"} <= set(wheel_names)


@pytest.mark.slow
def test_the_embedded_weights_come_with_their_card_and_stay_small(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        weights = [entry for entry in archive.infolist() if entry.filename.endswith(".safetensors")]
        assert weights
        assert sum(entry.file_size for entry in weights) <= 12_000_000
        for entry in weights:
            card = json.loads(archive.read(entry.filename.removesuffix(".safetensors") + ".json"))
            assert card["name"] == Path(entry.filename).stem


def test_both_licences_are_named_and_inside(metadata: Message, wheel_names: list[str]) -> None:
    assert metadata["License-Expression"] == f"BSD-3-Clause AND {WEIGHTS_LICENCE}"
    files = metadata.get_all("License-File", [])
    assert {"LICENSE", f"LICENSES/{WEIGHTS_LICENCE}.txt"} <= set(files)
    for file in files:
        assert any(name.endswith(f".dist-info/licenses/{file}") for name in wheel_names)


def test_napari_finds_it_and_no_qt_binding_comes_along(metadata: Message) -> None:
    assert "Framework :: napari" in metadata.get_all("Classifier", [])
    needed = [line.lower() for line in metadata.get_all("Requires-Dist", [])]
    always = [line for line in needed if "extra ==" not in line]
    assert {"torch", "torchvision", "timm"} <= {line.split(">")[0] for line in always}
    assert not [line for line in always if line.startswith(("napari", *QT_BINDINGS))]


def test_no_dependency_has_an_upper_limit(metadata: Message) -> None:
    for line in metadata.get_all("Requires-Dist", []):
        limits = line.split(";")[0]
        assert not [sign for sign in ("<", "==", "~=") if sign in limits], line


def test_the_sdist_holds_what_a_checkout_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = ["napari.yaml", "Makefile", "CITATION.cff", "training/train.py", "tests/conftest.py"]
    assert set(expected) <= names
    assert not [name for name in names if name.startswith((".git/", ".venv/", "demo/"))]


@pytest.mark.slow
def test_the_manifest_of_the_installed_wheel_is_valid(
    installed: Path, isolated_home: dict[str, str], tmp_path: Path
) -> None:
    validate = [installed / "python", "-m", "npe2", "validate", "napari-fcfi"]
    done = subprocess.run(
        validate, capture_output=True, text=True, cwd=tmp_path, env=isolated_home, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_installed_wheel_segments_with_the_embedded_model(
    installed: Path, isolated_home: dict[str, str], tmp_path: Path
) -> None:
    source = """
import numpy as np
import napari_fcfi as fcfi

print(fcfi.__file__)
picture = np.zeros((64, 80), np.uint8)
picture[20:40, 30:50] = 200
mask = fcfi.Interaction(fcfi.load_model("fcfi-lite", device="cpu"), picture).click(30, 40)
print(mask[30, 40])
"""
    done = subprocess.run(
        [installed / "python", "-c", source],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=isolated_home,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    place, inside = done.stdout.split()
    assert Path(place).is_relative_to(installed.parent)
    assert not Path(place).is_relative_to(CHECKOUT)
    assert inside == "True"


def test_the_installed_command_says_its_version(
    installed: Path, isolated_home: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [installed / "napari-fcfi", "--version"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=isolated_home,
        check=True,
    )
    assert done.stdout.strip() == version("napari-fcfi")
