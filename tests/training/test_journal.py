"""What is written for TensorBoard, read with its own reader; the bar; a disk that is full."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.feedback_pictures import CAPTION, GAP, TILE, sheet
from training.forward import Shown
from training.journal import PICTURES_EVERY, SCALARS_EVERY, Journal
from training.report.tiles import BACKGROUND, FOREGROUND, MASK, OBJECT


def last_interaction() -> Shown:
    """Two objects in pictures of 64 x 96: a square, of which the mask has the left half."""
    target = torch.zeros(2, 1, 64, 96)
    target[..., 16:48, 32:64] = 1
    mask = target.clone()
    mask[..., 48:] = 0
    small = torch.zeros(2, 1, 16, 24)
    small[..., 4:12, 8:16] = 1
    clicks = torch.tensor([[20.0, 40.0, 1.0], [30.0, 80.0, 0.0], [-1.0, -1.0, -1.0]])
    return Shown(
        images=torch.full((2, 3, 64, 96), 100, dtype=torch.uint8),
        target=target,
        clicks=clicks.repeat(2, 1, 1),
        feedback=torch.zeros_like(target),
        affinity=small,
        refined=small / 2,
        updated=small,
        probabilities=mask,
    )


def events(folder: Path) -> EventAccumulator:
    read = EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0})
    read.Reload()
    return read


def note(journal: Journal, steps: range) -> None:
    for step in steps:
        journal.note(
            step, 2 * step, 0.0, {"loss/all": 1.0, "nan": float("nan")}, last_interaction()
        )


def test_tensorboard_finds_curves_and_pictures(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 0, PICTURES_EVERY)
    note(journal, range(1, PICTURES_EVERY + 1))
    journal.close()
    read = events(tmp_path)
    losses = read.Scalars("loss/all")
    assert [e.step for e in losses] == list(range(SCALARS_EVERY, PICTURES_EVERY + 1, SCALARS_EVERY))
    assert {e.value for e in losses} == {1.0}
    assert "nan" not in read.Tags()["scalars"]
    (picture,) = read.Images("last interaction")
    assert picture.step == PICTURES_EVERY
    with Image.open(io.BytesIO(picture.encoded_image_string)) as image:
        shown = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    assert torch.equal(shown, sheet(last_interaction()))


def test_steps_that_are_taken_again_replace_those_of_before(tmp_path: Path) -> None:
    for first, end in ((0, 61), (30, 50)):
        journal = Journal(tmp_path, first, 100)
        note(journal, range(first + 1, end))
        journal.close()
    assert [e.step for e in events(tmp_path).Scalars("loss/all")] == [20, 40]


def test_the_bar_tells_speed_waiting_and_the_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(tmp_path, 0, 3)
    note(journal, range(1, 4))
    journal.close()
    last = capsys.readouterr().err.split("\r")[-1]
    assert re.search(r"3/3 steps .*samples/s, 0% waiting, loss 1\.000, 0:00:00 left", last)


def test_a_run_without_an_end_tells_no_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(tmp_path, 0)
    note(journal, range(1, 3))
    journal.close()
    last = capsys.readouterr().err
    assert "2 steps, " in last
    assert "left" not in last


def test_without_room_for_events_the_journal_says_so_once_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events").write_text("a file where the folder should be")
    journal = Journal(tmp_path / "events", 0, 100)
    note(journal, range(1, 41))
    journal.close()
    assert capsys.readouterr().err.count("goes on without them") == 1


def test_the_sheet_shows_clicks_object_and_mask() -> None:
    last = last_interaction()
    whole = sheet(last).permute(1, 2, 0).numpy()
    height = TILE * 64 // 96
    assert whole.shape == (CAPTION + 2 * (height + GAP), 6 * (TILE + GAP) - GAP, 3)
    row = whole[CAPTION : CAPTION + height]
    first, mask = row[:, :TILE], row[:, -TILE:]

    def places(colour: tuple[int, int, int]) -> np.ndarray:
        return np.argwhere((first == colour).all(axis=-1))

    # a pixel of the picture is two of the tile; the sign in a click's middle is white
    assert places(FOREGROUND).mean(axis=0) == pytest.approx((40.5, 80.5), abs=2)
    assert places(BACKGROUND).mean(axis=0) == pytest.approx((60.5, 160.5), abs=2)
    assert tuple(np.ptp(places(OBJECT), axis=0)) == pytest.approx((64, 64), abs=3)
    tinted = np.abs(mask - (0.55 * 100 + 0.45 * MASK)).max(axis=-1) < 1
    assert tinted[64, 80]  # inside the mask
    assert not tinted[64, 112]  # of the object, missed
    assert sheet(last, rows=1).shape[1] == CAPTION + height + GAP
