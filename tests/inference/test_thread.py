"""The one long-lived thread in which predictions run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
import torch

from napari_fcfi.inference import TorchMissingError, submit, thread, thread_count


def test_everything_runs_in_one_thread_in_order() -> None:
    ran: list[int] = []
    futures = [submit(ran.append, i) for i in range(20)]
    threads = {submit(threading.current_thread).result() for _ in range(3)}
    assert all(future.done() for future in futures)
    assert ran == list(range(20))
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_a_function_in_the_thread_may_use_the_thread() -> None:
    def outer() -> int:
        return submit(lambda: 3).result(timeout=5) + 1

    assert submit(outer).result(timeout=5) == 4


def test_an_error_arrives_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        submit(fail).result()
    with pytest.raises(ValueError, match="no"):
        submit(lambda: submit(fail).result()).result()


def test_the_thread_has_a_number_of_threads_of_its_own() -> None:
    assert submit(torch.get_num_threads).result() == thread_count()


def test_there_are_never_more_threads_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for cores, threads in [(1, 1), (2, 2), (3, 2), (8, 7)]:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: set(range(n)), False)
        assert thread_count() == threads


@pytest.mark.parametrize(
    ("asked", "threads"), [("1", 1), ("3", 3), ("64", 7), ("0", 7), ("many", 7), ("", 7)]
)
def test_fewer_threads_may_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), False)
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert thread_count() == threads


def test_where_torch_cannot_be_loaded_every_future_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thread, "_here", threading.local())  # as if nothing had begun yet
    with monkeypatch.context() as without_torch:
        without_torch.setitem(sys.modules, "torch", None)
        with pytest.raises(TorchMissingError) as first:
            submit(int).result()
    assert isinstance(first.value.__cause__, ImportError)
    assert str(first.value.__cause__) in str(first.value)
    with pytest.raises(TorchMissingError) as second:
        submit(int).result()
    assert str(second.value) == str(first.value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_a_forked_process_has_a_thread_of_its_own() -> None:
    program = """
import os
from napari_fcfi.inference import submit
submit(len, "abc").result()
if os.fork() == 0:
    os._exit(submit(len, "abcd").result(timeout=20))
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["4"]
