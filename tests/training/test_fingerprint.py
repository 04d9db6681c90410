"""Data are known again by their pictures' names and weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.data.packed import PackedPictures, pack
from training.data.source import LazyPictures, open_source
from training.fingerprint import fingerprint


def test_other_names_another_order_and_other_weights_are_other_data(folder: Path) -> None:
    source = open_source(folder)
    assert isinstance(source, LazyPictures)
    first, second = source.unread
    other = replace(first, entry=replace(first.entry, name="other"))
    marks = {
        fingerprint(LazyPictures(unread, np.array(weights)))
        for unread in ([first, second], [second, first], [other, second])
        for weights in ([0.5, 0.5], [0.25, 0.75])
    }
    assert len(marks) == 6
    assert fingerprint(source) == fingerprint(open_source(folder)) in marks


def test_no_file_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source(folder)
    monkeypatch.setattr(LazyPictures, "__getitem__", lambda *_: pytest.fail("a file was read"))
    fingerprint(source)


def test_packed_pictures_are_known_by_theirs(folder: Path, tmp_path: Path) -> None:
    pack(open_source(folder), tmp_path / "packed", 64)
    packed = PackedPictures(tmp_path / "packed")
    before = fingerprint(packed)
    packed._entries[0]["name"] = "other"
    assert fingerprint(packed) != before
