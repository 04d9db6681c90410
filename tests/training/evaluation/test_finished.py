"""Finished objects on disk: kept whole, whatever was cut off, and never mixed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.data.evaluation_sets import Sample
from training.evaluation.courses import Course, MeasuredClick, MeasuredMask
from training.evaluation.finished import FOLDER, Finished, fingerprint, pixels_hash

IDENTITY = {"method": "x", "max_clicks": 20}
CLICK = MeasuredClick(3, 4, True, 0.1 + 0.2, 1 / 3, 2.5, 0.01)
ONE = Course("één", (CLICK, CLICK), 1.5)
TWO = Course("two", (), 0.5, MeasuredMask(1.0, math.nan, 0.0))


def file_in(folder: Path) -> Path:
    (found,) = (folder / FOLDER).iterdir()
    return found


def test_courses_come_back_to_the_last_bit(tmp_path: Path) -> None:
    kept = Finished(tmp_path, "set", IDENTITY)
    kept.add(ONE, "a")
    kept.add(TWO, "b")
    found = Finished(tmp_path, "set", IDENTITY).courses()
    assert found["één", "a"] == ONE
    assert repr(found["two", "b"]) == repr(TWO)


def test_files_of_all_processes_are_read(tmp_path: Path) -> None:
    Finished(tmp_path, "set", IDENTITY, rank=0).add(ONE, "a")
    Finished(tmp_path, "set", IDENTITY, rank=3).add(TWO, "b")
    assert len(Finished(tmp_path, "set", IDENTITY, rank=1).courses()) == 2


@pytest.mark.parametrize("other", [{**IDENTITY, "max_clicks": 10}, {**IDENTITY, "seed": 1}])
def test_another_setting_knows_nothing_of_them(tmp_path: Path, other: dict[str, object]) -> None:
    Finished(tmp_path, "set", IDENTITY).add(ONE, "a")
    assert not Finished(tmp_path, "set", other).courses()
    assert not Finished(tmp_path, "other", IDENTITY).courses()


def test_a_file_cut_off_anywhere_keeps_its_whole_lines_and_takes_new_ones(tmp_path: Path) -> None:
    kept = Finished(tmp_path, "set", IDENTITY)
    kept.add(ONE, "a")
    first = file_in(tmp_path).read_bytes()
    kept.add(TWO, "b")
    whole = file_in(tmp_path).read_bytes()
    for length in range(len(whole)):
        file_in(tmp_path).write_bytes(whole[:length])
        complete = (length >= len(first) - 1) + (length >= len(whole) - 1)  # the last byte ends it
        assert len(kept.courses()) == complete
        kept.add(replace(ONE, name="three"), "c")
        assert len(kept.courses()) == complete + 1


def test_the_first_line_says_what_the_file_belongs_to(tmp_path: Path) -> None:
    Finished(tmp_path, "set", IDENTITY).add(ONE, "a")
    first = json.loads(file_in(tmp_path).read_text().splitlines()[0])
    assert first == {"fingerprint_of": IDENTITY}


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 1.5})


def test_every_pixel_counts_for_the_hash(rng: np.random.Generator) -> None:
    masks = rng.random((3, 5, 7)) > 0.5
    sample = Sample("x", rng.integers(0, 255, (5, 7, 3), np.uint8), masks[0], masks[1])
    before = {pixels_hash(sample), pixels_hash(replace(sample, initial_mask=masks[2]))}
    assert pixels_hash(replace(sample, name="y")) in before
    for name in ("image", "object_mask", "ignore"):
        pixels = getattr(sample, name).copy()
        pixels[4, 6] = pixels[4, 6] ^ 1
        before.add(pixels_hash(replace(sample, **{name: pixels})))
    before.add(pixels_hash(replace(sample, image=sample.image.astype(np.int16))))
    assert len(before) == 6
