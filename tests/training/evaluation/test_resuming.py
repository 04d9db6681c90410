"""Evaluations that are killed, and those that several processes share."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

CHECKOUT = Path(__file__).parents[3]
OBJECTS = 5
LAUNCHED = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
"""Before the module; torchrun takes `-m module`, so the interpreter's own `-m` is for torchrun."""

METHOD = """\
import os, time
from pathlib import Path
import numpy as np

HERE = Path(__file__).parent

class Growing:
    "A square around the clicks that grows; waits for ever at the fourth object while told to."

    def __init__(self, image):
        with (HERE / "seen.txt").open("a") as file:
            file.write(f"{image[0, 0]}\\n")
        while image[0, 0] == 3 and (HERE / "wait").exists():
            time.sleep(0.05)
        self.mask = np.zeros(image.shape, bool)
        self.count = 0

    def click(self, y, x, foreground):
        self.count += 1
        rows, columns = np.ogrid[:self.mask.shape[0], :self.mask.shape[1]]
        near = np.maximum(abs(rows - y), abs(columns - x)) <= 2 + self.count % 3
        self.mask = self.mask | near if foreground else self.mask & ~near
        return self.mask.copy()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set of drawn objects, each told by its image's first pixel, and a method in a file."""
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / "drawn" / folder).mkdir(parents=True)
    for number in range(OBJECTS):
        image = rng.integers(50, 200, (40, 50), np.uint8)
        image[0, 0] = number
        mask = np.zeros((40, 50), np.uint8)
        mask[5 : 15 + 4 * number, 8 : 30 + 3 * number] = 1
        mask[12:14, 10:20] = 0
        Image.fromarray(image).save(tmp_path / "drawn" / "images" / f"{number}.png")
        Image.fromarray(mask).save(tmp_path / "drawn" / "masks" / f"{number}.png")
    (tmp_path / "growing_method.py").write_text(METHOD)
    return tmp_path


def command(root: Path, output: str, *more: str) -> list[str]:
    options = f"--method growing_method:Growing --dataset drawn --data-root {root} --no-report"
    module = ["-m", "training.evaluate", *options.split(), "--output", str(root / output)]
    return [sys.executable, *more, *module]


def environment(root: Path) -> dict[str, str]:
    paths = (root, CHECKOUT / "src", CHECKOUT)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}


def run(root: Path, output: str, *more: str) -> dict[str, Any]:
    subprocess.run(
        command(root, output, *more), cwd=root, env=environment(root), check=True, timeout=300
    )
    results: dict[str, Any] = json.loads((root / output / "results.json").read_text())
    return results


def figures(results: dict[str, Any]) -> Any:
    """What does not depend on the clock."""
    objects = results["datasets"]["drawn"]["objects"]
    clicks = [
        [{key: value for key, value in click.items() if key != "seconds"} for click in o["clicks"]]
        for o in objects
    ]
    metrics = results["datasets"]["drawn"]["metrics"]
    return clicks, {key: value for key, value in metrics.items() if key != "SPC"}


def seen(root: Path) -> list[int]:
    path = root / "seen.txt"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def until_the_fourth_object(root: Path, process: subprocess.Popen[Any]) -> None:
    limit = time.monotonic() + 240
    while 3 not in seen(root):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.05)


def killed_at_the_fourth_object(root: Path, output: str) -> None:
    (root / "wait").touch()
    process = subprocess.Popen(command(root, output), cwd=root, env=environment(root))
    until_the_fourth_object(root, process)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    (root / "wait").unlink()


@pytest.mark.slow
def test_an_evaluation_that_was_killed_goes_on_with_what_is_left(root: Path) -> None:
    killed_at_the_fourth_object(root, "killed")
    assert seen(root) == [0, 1, 2, 3]
    assert not (root / "killed" / "results.json").exists()
    resumed = run(root, "killed")
    assert seen(root) == [0, 1, 2, 3, 3, 4]
    assert figures(resumed) == figures(run(root, "left_alone"))


@pytest.mark.slow
def test_a_changed_method_or_image_is_measured_anew(root: Path) -> None:
    killed_at_the_fourth_object(root, "out")
    changed = root / "drawn" / "images" / "1.png"
    pixels = np.array(Image.open(changed))
    pixels[3, 3] += 1
    Image.fromarray(pixels).save(changed)
    run(root, "out")
    assert seen(root)[4:] == [1, 3, 4]
    (root / "growing_method.py").write_text(METHOD.replace("<= 2", "<= 1"))
    run(root, "out")
    assert seen(root)[7:] == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_ctrl_c_tells_how_to_go_on(root: Path) -> None:
    (root / "wait").touch()
    process = subprocess.Popen(
        command(root, "out"),
        cwd=root,
        env=environment(root),
        stderr=subprocess.PIPE,
        text=True,
        # what a shell starts in the background ignores Ctrl+C, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until_the_fourth_object(root, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == (
        f"stopped; 3 of 5 objects are done, in {root / 'out' / 'finished'}: the same command goes "
        "on with what is left.\n"
    )
    (root / "wait").unlink()
    run(root, "out")
    assert seen(root) == [0, 1, 2, 3, 3, 4]


@pytest.mark.long
@pytest.mark.parametrize("wrong", ["--limit x", "--data-root nowhere"])
def test_what_is_wrong_in_all_processes_is_said_once(root: Path, wrong: str) -> None:
    process = subprocess.run(
        [*command(root, "out", *LAUNCHED), *wrong.split()],
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode != 0
    assert process.stderr.lower().count("expected") == 1
    assert "training.evaluate FAILED" in process.stderr


@pytest.mark.long
def test_ctrl_c_is_answered_by_one_of_all_processes(root: Path) -> None:
    (root / "wait").touch()
    process = subprocess.Popen(
        command(root, "out", *LAUNCHED),
        cwd=root,
        env=environment(root),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until_the_fourth_object(root, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert said.count("goes on with what is left") == 1
    assert "KeyboardInterrupt" not in said


@pytest.mark.long
def test_processes_share_the_objects_and_give_the_figures_of_one(root: Path) -> None:
    shared = run(root, "shared", *LAUNCHED)
    assert sorted(seen(root)) == list(range(OBJECTS))
    assert shared["machine"]["processes"] == 2
    assert len(list((root / "shared" / "finished").iterdir())) == 2
    alone = run(root, "alone")
    assert figures(shared) == figures(alone)
    (root / "shared" / "results.json").unlink()
    assert figures(run(root, "shared")) == figures(alone)  # by one process, from what is finished
    assert len(seen(root)) == 2 * OBJECTS


@pytest.mark.slow
def test_a_full_disk_is_one_clear_sentence_and_loses_nothing(root: Path) -> None:
    resource = pytest.importorskip(
        "resource"
    )  # a limit on files' sizes ends a write as a full disk

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    process = subprocess.run(
        command(root, "out"),
        cwd=root,
        env=environment(root) | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=small_disk,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 1
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("error: Expected to write")
    assert "goes on" in last
    assert "Traceback" not in process.stderr
    finished = len(seen(root)) - 1
    assert finished >= 1
    run(root, "out")
    assert seen(root)[finished + 1 :] == list(range(finished, OBJECTS))


@pytest.mark.slow
def test_an_unreadable_image_is_one_clear_sentence_and_loses_nothing(root: Path) -> None:
    image = root / "drawn" / "images" / "2.png"
    whole = image.read_bytes()
    image.write_bytes(whole[:200])
    process = subprocess.run(
        command(root, "out"),
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 1
    assert "error: expected" in process.stderr.lower()
    assert str(image) in process.stderr
    assert "Traceback" not in process.stderr
    image.write_bytes(whole)
    run(root, "out")
    assert seen(root) == list(range(OBJECTS))
