"""Each way to start, as a user types it: what the window then shows.

The commands run as processes of their own on the (virtual) screen; `probe/sitecustomize.py` reads
their docks, layers and dialogs back.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import yaml

BIN = Path(sys.executable).parent
PROBE = Path(__file__).with_name("probe")
PANEL = "napari-fcfi"
LIMIT_S = 120

pytestmark = pytest.mark.gui

Report = dict[str, Any]


@dataclass(frozen=True)
class Started:
    """A running command."""

    process: subprocess.Popen[str]
    folder: Path

    def wait_until(self, condition: Callable[[Report], bool], what: str) -> Report:
        """The first report that meets the condition."""
        end = time.monotonic() + LIMIT_S
        report: Report = {}
        while time.monotonic() < end:
            if (self.folder / "report.json").exists():
                report = json.loads((self.folder / "report.json").read_text())
                if condition(report):
                    return report
            if self.process.poll() is not None:
                pytest.fail(f"the command ended before {what}: {self.process.stderr.read()}")
            time.sleep(0.1)
        pytest.fail(f"no {what} within {LIMIT_S} s; last seen: {report}")

    def press(self, window: int, *keys: str) -> None:
        """Press real keys in one of its windows, as a hand would, one after the other."""
        for key in keys:
            focus = ["windowfocus", "--sync", str(window), "key", key]
            subprocess.run(["xdotool", *focus], check=True, capture_output=True)

    def close(self) -> None:
        """Close the window; the command must then end by itself and without an error."""
        (self.folder / "quit").touch()
        _, errors = self.process.communicate(timeout=LIMIT_S)
        assert self.process.returncode == 0, errors


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.arange(60 * 80, dtype=np.uint16).reshape(60, 80))
    return path


@pytest.fixture
def start(tmp_path: Path, isolated_home: dict[str, str]) -> Callable[..., Any]:
    """A context manager that runs a command with a stored reader preference or without one."""

    @contextmanager
    def run(*command: object, preference: str | None = None) -> Iterator[Started]:
        folder = tmp_path / "probe"
        folder.mkdir()
        settings = Path(isolated_home["NAPARI_CONFIG"])
        settings.parent.mkdir(parents=True)
        if preference is not None:
            stored = {"plugins": {"extension2reader": {"*.tif": preference}}}
            settings.write_text(yaml.safe_dump(stored))
        process = subprocess.Popen(
            [BIN / str(command[0]), *map(str, command[1:])],
            env={**isolated_home, "PYTHONPATH": str(PROBE), "PROBE_FOLDER": str(folder)},
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Started(process, folder)
        finally:
            process.kill()
            process.communicate()

    return run


def panel_is_docked(report: Report) -> bool:
    """Whether the panel is among the docks."""
    return any(PANEL in name for name in report["docks"])


def question(report: Report) -> list[int]:
    """The windows that ask which reader to take."""
    return [dialog["window"] for dialog in report["dialogs"] if dialog["title"] == "Choose reader"]


def image_and_panel(report: Report) -> bool:
    """Whether the image is open and the panel docked; fails where the question is asked instead."""
    assert not question(report), "asked which reader to take"
    return bool(report["layers"]) and panel_is_docked(report)


def assert_shows_the_image_once(report: Report, reader: str) -> None:
    """One layer, read by that reader, and one panel."""
    (layer,) = report["layers"]
    assert layer["name"] == "image"
    assert layer["shape"] == [60, 80]
    assert layer["reader"] == reader
    assert len([name for name in report["docks"] if PANEL in name]) == 1


@pytest.mark.parametrize("command", [["napari", "-w", "napari-fcfi"], ["napari-fcfi"]])
def test_without_a_file_the_panel_is_docked(start: Callable[..., Any], command: list[str]) -> None:
    with start(*command) as started:
        report = started.wait_until(panel_is_docked, "panel")
        assert report["layers"] == []
        started.close()


@pytest.mark.parametrize("preference", ["napari", None])
def test_the_command_opens_its_file_beside_the_panel_and_never_asks(
    start: Callable[..., Any], image: Path, preference: str | None
) -> None:
    with start("napari-fcfi", image, preference=preference) as started:
        report = started.wait_until(image_and_panel, "image and panel")
        assert_shows_the_image_once(report, "napari-fcfi")
        started.close()


@pytest.mark.parametrize("preference", ["napari", None])
def test_napari_with_our_plugin_for_a_file_docks_the_panel_too(
    start: Callable[..., Any], image: Path, preference: str | None
) -> None:
    with start("napari", "--plugin", "napari-fcfi", image, preference=preference) as started:
        report = started.wait_until(image_and_panel, "image and panel")
        assert_shows_the_image_once(report, "napari-fcfi")
        started.close()


@pytest.mark.parametrize("preference", ["napari", "napari-fcfi"])
def test_napari_on_a_file_with_our_panel_takes_the_reader_that_is_stored(
    start: Callable[..., Any], image: Path, preference: str
) -> None:
    with start("napari", image, "-w", "napari-fcfi", preference=preference) as started:
        report = started.wait_until(image_and_panel, "image and panel")
        assert_shows_the_image_once(report, preference)
        started.close()


@pytest.mark.parametrize(
    ("keys", "reader"), [(["Return"], "napari"), (["Down", "Return"], "napari-fcfi")]
)
def test_napari_on_a_file_with_our_panel_asks_and_a_key_answers(
    start: Callable[..., Any], image: Path, keys: list[str], reader: str
) -> None:
    with start("napari", image, "-w", "napari-fcfi") as started:
        asked = started.wait_until(lambda report: bool(question(report)), "question")
        started.press(question(asked)[0], *keys)
        report = started.wait_until(
            lambda report: bool(report["layers"]) and panel_is_docked(report), "image and panel"
        )
        assert_shows_the_image_once(report, reader)
        started.close()
