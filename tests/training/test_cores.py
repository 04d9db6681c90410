"""Cores are dealt out among the processes of a machine."""

from __future__ import annotations

import os

import pytest

from training.cores import own_cores


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({}, [2, 3, 5, 7, 8]),
        ({"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}, [3, 7]),
        ({"LOCAL_RANK": "6", "LOCAL_WORLD_SIZE": "8"}, [2, 3, 5, 7, 8]),
    ],
)
def test_a_process_has_its_share_of_the_cores_it_may_run_on(
    monkeypatch: pytest.MonkeyPatch, place: dict[str, str], expected: list[int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 3, 2, 8, 5}, raising=False)
    for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    assert own_cores() == expected
