"""One process speaks for all of a machine, unless it was alone with its error."""

from __future__ import annotations

import time

import pytest

from training.data.files import DataError
from training.failures import leave


def test_the_first_process_speaks_at_once_with_all_that_is_noted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    error = DataError("expected a picture.")
    error.add_note("Expected room.")
    with pytest.raises(SystemExit) as ended:
        leave(error)
    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: expected a picture.\nExpected room.\n"


def test_another_process_waits_to_be_ended_and_speaks_when_it_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said_before: list[str] = []
    monkeypatch.setattr(time, "sleep", lambda _: said_before.append(capsys.readouterr().err))
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(SystemExit):
        leave("Expected a picture.")
    assert said_before == [""]
    assert capsys.readouterr().err == "error: Expected a picture.\n"
