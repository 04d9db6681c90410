"""Jobs without a window: what can be taken together, and what can be taken back."""

from __future__ import annotations

from napari_fcfi.annotation import Plane
from napari_fcfi.inference import Click
from napari_fcfi.plugin.jobs import (
    Job,
    JobQueue,
    MoveClick,
    RemoveClick,
    Retune,
    TakeClicks,
    clicks_after,
)

FLAT, FIRST, SECOND = Plane((None, None)), Plane((0, None, None)), Plane((1, None, None))
A, B, C = Click(1, 1), Click(2, 2), Click(3, 3, foreground=False)


def queue_of(*jobs: Job) -> JobQueue:
    queue = JobQueue()
    for job in jobs:
        queue.add(job)
    return queue


def click(*clicks: Click, label: int = 1, plane: Plane = FLAT) -> TakeClicks:
    return TakeClicks(label, plane, clicks)


def test_clicks_of_one_object_are_taken_together_in_their_order() -> None:
    queue = queue_of(click(A), click(C), click(B), click(A, label=2))
    assert queue.take() == click(A, C, B)
    assert queue.take() == click(A, label=2)
    assert queue.take() is None


def test_clicks_on_two_planes_are_not_taken_together() -> None:
    queue = queue_of(click(A, plane=FIRST), click(B, plane=SECOND))
    assert queue.take() == click(A, plane=FIRST)


def test_a_correction_between_two_clicks_keeps_its_place() -> None:
    remove = RemoveClick(1, FLAT, A)
    queue = queue_of(click(A), remove, click(B))
    assert [queue.take() for _ in range(3)] == [click(A), remove, click(B)]


def test_two_changes_of_settings_are_one() -> None:
    first, second = Retune(1, FLAT, 0.5), Retune(1, FLAT, 0.4)
    queue = queue_of(first, second)
    assert queue.take() == first  # one undo returns to where the slider was
    assert queue.take() is None


def test_two_removals_are_two() -> None:
    queue = queue_of(RemoveClick(1, FLAT, A), RemoveClick(1, FLAT, B))
    assert queue.take() == RemoveClick(1, FLAT, A)
    assert len(queue) == 1


def test_a_click_that_waits_can_be_moved_and_removed() -> None:
    queue = queue_of(click(A), click(B))
    assert queue.change_click(1, A, C)
    assert queue.change_click(1, B, None)
    assert not queue.change_click(2, C, None)
    assert queue.take() == click(C)
    assert queue.take() is None


def test_jobs_tell_the_clicks_that_will_be_there() -> None:
    assert clicks_after(click(B), [A]) == [A, B]
    assert clicks_after(RemoveClick(1, FLAT, A), [A, B, A]) == [B, A]
    assert clicks_after(MoveClick(1, FLAT, B, C), [A, B]) == [A, C]
    assert clicks_after(Retune(1, FLAT, 0.5), [A]) == [A]


def test_all_of_one_object_can_be_dropped() -> None:
    queue = queue_of(click(A), click(B, label=2), click(C))
    queue.drop(1)
    assert queue.jobs == (click(B, label=2),)
