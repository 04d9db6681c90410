"""Real processes: two that share a step, a run that is killed, a disk that is full, a signal."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from napari_fcfi.checkpoints import Card, untrained_model, write_checkpoint
from training.state import read_state

CHECKOUT = Path(__file__).parents[2]
TINY = ("--set", "crop=64", "--set", "other_crops=[]", "--set", "pictures=2", "--device", "cpu")
FROZEN = ("--set", "batch_statistics=frozen")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def environment() -> dict[str, str]:
    paths = os.pathsep.join((str(CHECKOUT / "src"), str(CHECKOUT)))
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "1000"}


def train(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m training.train`` to its end."""
    command = [sys.executable, "-m", "training.train", *map(str, arguments)]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment(), capture_output=True, text=True, **options
    )


def started(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "training.train", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def launched(*arguments: str | Path) -> str:
    """What two processes say that are to end in an error, without torchrun's own report."""
    ended = subprocess.run(
        [sys.executable, *TORCHRUN, *map(str, arguments)],
        cwd=CHECKOUT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    own, report, _ = ended.stderr.partition("torch/distributed/elastic/multiprocessing")
    assert report
    assert "Traceback" not in own
    return own


def wait_for_step(process: subprocess.Popen[bytes], state: Path, step: int) -> None:
    """Wait until a run has saved a step, or has ended."""
    while process.poll() is None and (not state.exists() or read_state(state)["step"] < step):
        time.sleep(0.05)


@pytest.mark.long
@pytest.mark.parametrize("name", ["fcfi_lite", "fcfi_hrnet18s_cocolvis", "ritm_hrnet18s"])
def test_two_processes_have_the_losses_of_one_with_the_doubled_batch(
    folder: Path, tmp_path: Path, name: str
) -> None:
    script = Path(__file__).with_name("steps_of_a_process.py")
    steps = {}
    for launcher in ((), TORCHRUN):
        output = tmp_path / f"{len(launcher)}" / "losses.json"
        output.parent.mkdir()
        subprocess.run(
            [sys.executable, *launcher, str(script), str(folder), name, str(output)],
            cwd=CHECKOUT,
            env=environment(),
            check=True,
            capture_output=True,
        )
        written = json.loads(output.read_text())
        steps[written["world"]] = written["steps"]
    for alone, together in zip(steps[1], steps[2], strict=True):
        for key in alone:
            if key.startswith(("loss/", "gradient")):
                assert together[key] == pytest.approx(alone[key], rel=2e-3), key
    assert steps[2][0]["loss/all"] == pytest.approx(steps[1][0]["loss/all"], rel=1e-5)


@pytest.mark.long
def test_no_steps_are_none(folder: Path, tmp_path: Path) -> None:
    ended = train("fcfi_lite", "--data", folder, *TINY, "--run", tmp_path, "--steps", "0")
    assert ended.returncode == 0, ended.stderr
    assert read_state(tmp_path / "last.pt")["step"] == 0


@pytest.mark.long
@pytest.mark.parametrize("name", ["fcfi_lite", "fcfi_hrnet18s_cocolvis"])
def test_a_run_that_is_killed_twice_ends_with_the_weights_of_one_that_was_left_alone(
    folder: Path, tmp_path: Path, name: str
) -> None:
    steps = 12
    given = (name, "--data", folder, *TINY, *FROZEN, "--save-every", "0", "--steps", str(steps))
    alone = train(*given, "--run", tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    state = tmp_path / "killed" / "last.pt"
    rng = random.Random()
    first = rng.randrange(1, steps - 3)
    for at in (first, rng.randrange(first + 1, steps - 1)):
        process = started(*given, "--run", tmp_path / "killed")
        wait_for_step(process, state, at)
        time.sleep(rng.random() / 2)  # anywhere in a step, in a save too
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert read_state(state)["step"] >= at, f"killed at {first} and {at}"
    resumed = train(*given, "--run", tmp_path / "killed")
    assert resumed.returncode == 0, resumed.stderr
    expected = read_state(tmp_path / "alone" / "last.pt")
    found = read_state(state)
    assert found["step"] == expected["step"] == steps
    for part in ("network", "averaged"):
        for key, value in expected[part].items():
            assert torch.equal(found[part][key], value), f"{key}, killed at {first} and {at}"


@pytest.mark.long
def test_a_signal_ends_a_run_after_its_step_and_it_says_how_to_go_on(
    folder: Path, tmp_path: Path
) -> None:
    given = ("fcfi_lite", "--data", folder, *TINY, "--save-every", "0", "--run", tmp_path / "run")
    process = started(*given)
    wait_for_step(process, tmp_path / "run" / "last.pt", 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    step = read_state(tmp_path / "run" / "last.pt")["step"]
    again = train(*given, "--steps", str(step + 1))
    assert again.returncode == 0, again.stderr
    assert read_state(tmp_path / "run" / "last.pt")["step"] == step + 1


@pytest.mark.long
def test_a_full_disk_is_one_sentence_after_the_first_step(folder: Path, tmp_path: Path) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    ended = train("fcfi_lite", "--data", folder, *TINY, "--run", tmp_path / "run", preexec_fn=full)
    assert ended.returncode == 1
    (sentence,) = re.findall(r"^error: .*$", ended.stderr, re.MULTILINE)
    assert "'File too large': make room there and call the same command again" in sentence
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "run" / "last.pt").exists()


@pytest.mark.long
@pytest.mark.parametrize(
    ("what", "messages", "step"),
    [
        ("picture", ["lost.png"], 3),
        ("disk", ["nothing is saved"], None),
        ("both", ["lost.png", "last.pt is whole"], 1),
    ],
)
def test_what_one_of_two_processes_meets_ends_both_after_the_same_step_and_is_said_once(
    folder: Path, tmp_path: Path, what: str, messages: list[str], step: int | None
) -> None:
    script = Path(__file__).with_name("failing_process.py")
    given = ("fcfi_lite", "--data", folder, *TINY, "--set", "paste_share=0")
    ended = launched(script, what, *given, "--folder", tmp_path / "run")
    for message in messages:
        assert ended.count(message) == 1
    assert ended.count("error: ") == 1
    assert "Warning" not in ended
    state = tmp_path / "run" / "last.pt"
    assert (read_state(state)["step"] if state.exists() else None) == step


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fcfi_lite", "--nonsense"), "No such option: --nonsense"),
        (("fcfi_lite", "--set", "crop=65"), "multiple of 32"),
        (("fcfi_lite", "--data", "nowhere"), "nowhere does not exist"),
        (("fcfi_lite", "--init", "nowhere.pt"), "nowhere.pt does not exist"),
    ],
)
def test_a_mistake_is_one_sentence_of_two_processes(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    given = ("--folder", tmp_path / "run", "--device", "cpu")
    ended = launched("-m", "training.train", "--data", folder, *given, *arguments)
    assert ended.count(message) == ended.count("error: ") == 1


@pytest.mark.long
def test_a_checkpoint_is_tuned_by_one_command_and_by_the_same_again(
    folder: Path, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "mine.safetensors"
    write_checkpoint(checkpoint, untrained_model().network, Card(name="mine"))
    given = ("fcfi_lite", "--init", checkpoint, "--data", folder, *TINY, "--run", tmp_path / "run")
    for steps in (1, 2):
        tuned = train(*given, "--steps", str(steps))
        assert tuned.returncode == 0, tuned.stderr
    assert read_state(tmp_path / "run" / "last.pt")["step"] == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no_such_recipe",), "Expected one of the recipes"),
        (("fcfi_lite", "--set", "crop=65"), "multiple of 32"),
        (("fcfi_lite", "--device", "quantum"), "Expected a machine for device 'quantum'"),
        (("fcfi_lite", "--set", "pictures=3", "--accumulate", "2"), "divide the 3 pictures"),
        (("fcfi_hrnet18s_cocolvis", "--set", "pictures=2"), "batch_statistics=frozen"),
    ],
)
def test_a_mistake_is_one_sentence(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = train(*arguments, "--data", folder, "--run", tmp_path / "run")
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "run").exists()
