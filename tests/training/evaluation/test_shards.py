"""Shares of an evaluation: each object belongs to one process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.shards import Shard, shard_of_this_process


@given(world=st.integers(1, 7), objects=st.integers(0, 30))
def test_every_object_belongs_to_one_process(world: int, objects: int) -> None:
    shares = [{n for n in range(objects) if Shard(r, world).owns(n)} for r in range(world)]
    assert sum(map(len, shares)) == objects
    assert set().union(*shares) == set(range(objects))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_process_that_nobody_launched_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with shard_of_this_process() as shard:
        assert shard == Shard()
        assert shard.is_first
        assert shard.gathered("x") == ["x"]


def test_processes_of_a_machine_take_turns_with_its_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    shards = [Shard(rank, 3, rank, 3) for rank in range(3)]
    assert [shard.device("auto") for shard in shards] == ["cuda:0", "cuda:1", "cuda:0"]
    assert shards[1].device("cpu") == "cpu"
    assert Shard(1, 2, 0, 1).device("cuda") == "cuda"
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert shards[1].device("auto") == "auto"


def test_of_processes_with_the_same_problem_the_first_says_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = ["a", "", "a", "b"]
    said = []
    for rank, problem in enumerate(problems):
        monkeypatch.setattr(Shard, "_of_all", lambda *_: problems)
        with pytest.raises(SystemExit) as left:
            Shard(rank, len(problems)).agree(problem)
        assert left.value.code == 1
        said.append(capsys.readouterr().err)
    assert said == ["a\n", "", "", "b\n"]


def test_without_a_problem_all_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    Shard().agree("")
    assert capsys.readouterr() == ("", "")
