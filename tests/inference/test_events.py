"""What happened to an object, in order."""

from __future__ import annotations

import pytest

from napari_fcfi.inference import Bits, Click, ClickGroup, Edit, Patch, Start
from napari_fcfi.inference.events import with_click_replaced
from napari_fcfi.settings import Settings

A, B, C = Click(1, 1), Click(2, 2, False), Click(3, 3)


def group(*clicks: Click) -> ClickGroup:
    return ClickGroup(clicks, Settings())


def test_of_equal_clicks_the_newest_is_replaced() -> None:
    events = (group(A), group(A, B, A), group(B))
    assert with_click_replaced(events, A, None) == (group(A), group(A, B), group(B))
    assert with_click_replaced(events, A, C) == (group(A), group(A, B, C), group(B))


def test_a_group_without_clicks_is_no_event() -> None:
    edit = Edit(Bits.nothing())
    assert with_click_replaced((group(A), edit, group(B)), A, None) == (edit, group(B))


def test_clicks_before_a_start_are_out_of_reach() -> None:
    events = (group(A), Start(Patch.empty(), Bits.nothing()), group(B))
    with pytest.raises(ValueError, match=r"y=1, x=1 of that kind; choose one of its clicks\.$"):
        with_click_replaced(events, A, None)
