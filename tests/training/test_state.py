"""The state on disk: whole or not written at all, on a disk that is full."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from training.state import StateError, read_state, write_state

STATE = {"recipe": "{}", "averaged": {}, "step": 7}


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full after so many bytes of a file, as far as this process is concerned."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_state_that_does_not_fit_leaves_the_one_before_whole(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    write_state(path, STATE)
    larger = STATE | {"step": 8, "averaged": {"w": torch.zeros(100_000)}}
    with files_of_at_most(50_000), pytest.raises(StateError) as caught:
        write_state(path, larger)
    message = str(caught.value)
    assert message.startswith("Expected to write the run's state, 0.4 MB, into")
    assert "'File too large': make room there" in message
    assert "last.pt is whole" in message
    assert read_state(path)["step"] == 7
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


def test_a_first_state_that_does_not_fit_says_that_nothing_is_saved(tmp_path: Path) -> None:
    with files_of_at_most(100), pytest.raises(StateError, match="nothing is saved"):
        write_state(tmp_path / "last.pt", STATE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no state", b"hello", b".", b"PK\x03\x04 damaged"])
def test_what_is_no_state_is_told_apart(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(content)
    with pytest.raises(StateError, match="something else or damaged"):
        read_state(path)


def test_a_state_that_the_system_does_not_give_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"Expected to read .*; got 'Is a directory'"):
        read_state(tmp_path)


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    class Opens:
        def __reduce__(self) -> tuple[object, ...]:
            return (open, (str(tmp_path / "executed"), "w"))

    torch.save(Opens(), tmp_path / "last.pt")
    with pytest.raises(StateError):
        read_state(tmp_path / "last.pt")
    assert not (tmp_path / "executed").exists()
