"""The command line without a window: which command runs, what it reads, writes and says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage.io import imread, imsave

from napari_fcfi import cli
from napari_fcfi.checkpoints import untrained_model
from napari_fcfi.checkpoints.files import file_hash
from napari_fcfi.settings import Settings
from tests.reference_weights import write_released


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "napari_fcfi.load_model", lambda *_, **__: untrained_model(seed=0), raising=False
    )


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    y, x = np.mgrid[:48, :64]
    disk = (y - 24) ** 2 + (x - 30) ** 2 < 100
    imsave(path, np.where(disk, 200, 30).astype(np.uint8), check_contrast=False)
    return path


def run(*arguments: object) -> int:
    """The exit code of the command line; 0 where it ends without one."""
    with pytest.raises(SystemExit) as end:
        cli.main([str(argument) for argument in arguments])
    return end.value.code if isinstance(end.value.code, int) else int(bool(end.value.code))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["open"]),
        (["cells.tif"], ["open", "cells.tif"]),
        (["segment", "cells.tif"], ["segment", "cells.tif"]),
        (["open", "segment"], ["open", "segment"]),
        (["--help"], ["--help"]),
    ],
)
def test_an_image_in_place_of_a_command_is_opened(
    arguments: list[str], expected: list[str]
) -> None:
    assert cli.with_command(arguments) == expected


def test_every_command_is_known_as_one() -> None:
    commands = {command.name for command in cli.app.registered_commands}
    groups = {group.name for group in cli.app.registered_groups}
    assert commands | groups == set(cli.COMMANDS)


def test_segment_has_one_option_per_setting_with_its_default_and_range() -> None:
    options = {option.name: option for option in cli.settings_options()}
    assert set(options) == set(Settings.model_fields) - {"overwrite"}
    for name, option in options.items():
        assert option.default == Settings.model_fields[name].default
    (ratio,) = options["expansion_ratio"].annotation.__metadata__
    assert (ratio.min, ratio.max) == (0.05, 2.0)


def test_what_is_not_named_is_left_to_the_protocol(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    class Watching:
        def __init__(self, model: object, image: object, *, settings: Settings) -> None:
            used.append(settings)

        def click(self, y: float, x: float, foreground: bool) -> np.ndarray:
            return np.zeros((48, 64), bool)

    monkeypatch.setattr("napari_fcfi.Interaction", Watching, raising=False)
    monkeypatch.setattr("napari_fcfi.load_model", lambda *_, **__: None, raising=False)
    command = ["segment", picture, "--click", "24,30", "--output", tmp_path / "labels.tif"]
    run(*command)
    run(*command, "--replace", "--protocol", "released", "--zoom-size", "480", "--zoom-min", "48")
    assert used == [Settings(), Settings(protocol="released", zoom_size=480, zoom_min=48)]
    assert used[1].threshold == 0.49


def test_a_file_that_is_there_is_not_replaced_unasked(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "labels.tif"
    output.write_bytes(b"hours of work")
    command = ["segment", picture, "--click", "24,30", "--output", output]
    assert run(*command) == 2
    assert "--replace" in capsys.readouterr().err
    assert output.read_bytes() == b"hours of work"


def test_a_setting_out_of_its_range_is_refused(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "labels.tif"
    code = run("segment", picture, "--click", "24,30", "--output", output, "--threshold", 1.5)
    assert code == 2
    assert "threshold" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize(
    ("text", "click"),
    [
        ("24,30", (24.0, 30.0, True)),
        ("24.5,30,fg", (24.5, 30.0, True)),
        ("0,1e2,bg", (0.0, 100.0, False)),
    ],
)
def test_a_click_is_read_as_row_column_and_sign(
    text: str, click: tuple[float, float, bool]
) -> None:
    assert cli.parse_click(text) == click


@pytest.mark.parametrize("text", ["24", "24,x", "24,30,green", "24,30,bg,1", ""])
def test_what_is_no_click_is_refused_with_an_example(
    text: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run("segment", picture, "--click", text, "--output", tmp_path / "labels.tif")
    assert code == 2
    assert "120,85,bg" in capsys.readouterr().err


def test_clicks_on_background_alone_are_refused(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "labels.tif"
    assert run("segment", picture, "--click", "24,30,bg", "--output", output) == 2
    assert "click on the object" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize("name", ["labels.tif", "labels.png"])
@pytest.mark.usefixtures("untrained")
def test_segment_writes_the_mask_of_the_clicks_as_label_1(
    name: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_fcfi import Interaction

    output = tmp_path / name
    clicks = ["--click", "24,30", "--click", "2,60,bg"]
    code = run("segment", picture, *clicks, "--output", output, "--no-zoom-in")
    interaction = Interaction(
        untrained_model(seed=0), imread(picture), settings=Settings(zoom_in=False)
    )
    interaction.click(24, 30)
    mask = interaction.click(2, 60, foreground=False)

    labels = tifffile.imread(output) if name.endswith(".tif") else imread(output)
    assert code == 0
    np.testing.assert_array_equal(labels, mask.astype(np.uint8))
    assert f"2 clicks · {mask.sum()} px" in capsys.readouterr().out


@pytest.mark.usefixtures("untrained")
def test_a_click_outside_the_picture_is_one_sentence_and_writes_nothing(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "labels.tif"
    with pytest.raises(SystemExit, match=r"^napari-fcfi: .*\.$") as end:
        cli.main(["segment", str(picture), "--click", "500,3", "--output", str(output)])
    assert "\n" not in str(end.value)
    assert not output.exists()


@pytest.mark.usefixtures("untrained")
def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0 not really")
    with pytest.raises(SystemExit, match=r"broken\.tif could not be read as a picture"):
        cli.main(["segment", str(broken), "--click", "1,1", "--output", str(tmp_path / "o.tif")])


@pytest.mark.usefixtures("untrained")
def test_a_stack_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, np.zeros((7, 40, 50), np.uint8))
    monkeypatch.setattr(tifffile.TiffFile, "asarray", None)
    with pytest.raises(SystemExit, match=r"\(7, 40, 50\) came; choose one plane"):
        cli.main(["segment", str(stack), "--click", "1,1", "--output", str(tmp_path / "o.tif")])


@pytest.mark.usefixtures("untrained")
def test_files_beside_the_output_stay_as_they_are(picture: Path, tmp_path: Path) -> None:
    beside = tmp_path / "labels.part.tif"
    beside.write_bytes(b"hours of work")
    assert run("segment", picture, "--click", "24,30", "--output", tmp_path / "labels.tif") == 0
    assert beside.read_bytes() == b"hours of work"
    assert {path.name for path in tmp_path.iterdir()} == {
        picture.name,
        beside.name,
        "labels.tif",
    }


@pytest.mark.parametrize(
    "problem", [MemoryError("Unable to allocate 20 GiB"), RuntimeError("CUDA out of memory.")]
)
def test_too_little_memory_is_one_sentence(
    problem: Exception, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr("napari_fcfi.load_model", failing, raising=False)
    with pytest.raises(SystemExit, match="not enough memory: close other programs"):
        cli.main(["segment", str(picture), "--click", "1,1", "--output", str(tmp_path / "o.tif")])


def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("segment", picture, "--click", "1,1", "--output", tmp_path / "labels.jpg") == 2
    assert ".tif, .tiff or .png" in capsys.readouterr().err
    assert run("segment", picture, "--click", "1,1", "--output", tmp_path / "no" / "l.tif") == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_window_without_a_display_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cli, "_import_napari", lambda: None)
    with pytest.raises(SystemExit, match=r"needs a display.*xvfb-run") as end:
        cli.main(["open"])
    assert "\n" not in str(end.value)


@pytest.mark.usefixtures("untrained")
def test_one_click_is_counted_as_one(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("segment", picture, "--click", "24,30", "--output", tmp_path / "labels.tif") == 0
    assert capsys.readouterr().out.startswith("1 click · ")


def test_models_names_what_is_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    from napari_fcfi.checkpoints import available_models

    assert run("models", "list") == 0
    assert capsys.readouterr().out.split() == available_models()


def test_inspecting_an_unknown_model_is_one_sentence() -> None:
    with pytest.raises(SystemExit, match="no-such-model") as end:
        cli.main(["models", "inspect", "no-such-model"])
    assert "\n" not in str(end.value)


def test_a_released_checkpoint_is_converted_and_inspected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "coco_lvis_h18s_itermask.pth", tmp_path / "ritm.safetensors"
    write_released(source, "ritm_hrnet18s")
    assert run("models", "convert", source, target) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"ritm-hrnet18s · {target} · SHA-256 ")
    assert "MIT" in said
    for path, name in ((source, source.stem), (target, "ritm")):
        assert run("models", "inspect", path) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["name"] == name
        assert shown["architecture"]["name"] == "ritm-hrnet18s"
        assert shown["parameters"] == 4_220_047
        assert shown["bytes"] == path.stat().st_size
        assert shown["sha256"] == file_hash(path)


def test_a_conversion_that_cannot_be_is_one_sentence_and_writes_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"PK")
    with pytest.raises(SystemExit, match=r"^napari-fcfi: .*damaged.*\.$") as end:
        cli.main(["models", "convert", str(broken), str(tmp_path / "out.safetensors")])
    assert "\n" not in str(end.value)
    assert list(tmp_path.iterdir()) == [broken]
