"""Ctrl+C before training, in it, and once more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
WAITING = """
import time
from training.interrupts import gently
with gently(lambda: print("asked to stop", flush=True)):
    print("training", flush=True)
    while True:
        time.sleep(60)
"""


def started(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((f"{CHECKOUT}/src", str(CHECKOUT)))}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_before_training_it_is_one_sentence() -> None:
    with started("-X", "importtime", "-m", "training.train", "fcfi_lite") as process:
        assert process.stderr is not None
        for line in process.stderr:  # each module that is loaded
            if line.endswith(" typer\n"):
                process.send_signal(signal.SIGINT)
                break
        ended = process.stderr.read()
    assert process.returncode == 128 + signal.SIGINT
    assert "\nstopped; the same command begins again" in ended
    assert "Traceback" not in ended


def test_a_second_one_ends_a_process_that_has_not_stopped_yet() -> None:
    with started("-c", WAITING) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "asked to stop\n"
        process.send_signal(signal.SIGINT)
        assert "once more stops at once" in process.stderr.read()
    assert process.returncode == -signal.SIGINT
