"""What becomes of an answer, or of a brush stroke, in an object's state."""

from __future__ import annotations

from dataclasses import replace

from .box import Box
from .exact import Bits
from .passes import Answer, Question
from .patch import Patch, quantised
from .promise import focus_box, keep_promise, like_the_click
from .state import State
from .window import Window


def stored(
    state: State, asked: Question, window: Window, answer: Answer, *, focused: bool
) -> State:
    """The state with an answer in it; outside the window all probabilities stay as they are.

    But for a mask that has become too large for the grid it is on: the next coarser one changes all
    of it a little, and then the state's window tells that.

    Parameters
    ----------
    state : State
        Before, with the new clicks among its events.
    asked, window, answer
        What was asked, where, and what came.
    focused : bool
        Keep the old probabilities outside FFCM's boxes of the new clicks too, since the mask had
        the clicks' sign already: who confirms a mask does not want another one.
    """
    boxes = _changed_boxes(asked, window, focused)
    region = boxes[0]
    for box in boxes[1:]:
        region = region.union(box)
    base = (state.patch or Patch.empty()).on_grid_for(region)
    stride = base.stride
    grid = region.aligned(stride)
    inside = [click for click in asked.clicks if window.box.contains(click.y, click.x)]
    alike = like_the_click(answer.affinity, inside[-1], window, asked.expansion_ratio)
    spread = window.spread(answer.probabilities, grid, stride)
    answered = quantised(keep_promise(spread, grid, stride, inside, window, alike))

    samples, exact = base.samples_in(grid), state.exact
    for box in boxes:
        at = box.cells_in(grid, stride)
        samples[at] = answered[at]
        exact = exact.after_answer(box)
    for click in asked.new_clicks:
        near = focus_box(click, window, asked.expansion_ratio)
        exact = exact.after_click(click.foreground, near)
    samples = exact.drawn.over_samples(samples, grid, stride)
    return replace(
        state,
        patch=base.pasted(grid, samples),
        exact=exact,
        zoom=window,
        window=changed_box(state.patch, base, region),
        quality=answer.quality,
    )


def changed_box(before: Patch | None, after: Patch, region: Box) -> Box:
    """The box in which a patch may have changed: the region, or all of it on another grid."""
    if before is None or before.stride == after.stride:
        return region
    return region.union(before.box).union(after.box)


def painted(patch: Patch | None, drawn: Bits) -> Patch | None:
    """The patch with drawn pixels in it as 0 and 1; None where nothing of it is left."""
    base = (patch or Patch.empty()).on_grid_for(drawn.box)
    grid = drawn.box.aligned(base.stride)
    result = base.pasted(grid, drawn.over_samples(base.samples_in(grid), grid, base.stride))
    return None if result.box.area == 0 else result


def _changed_boxes(asked: Question, window: Window, focused: bool) -> list[Box]:
    if not focused:
        return [window.box]
    return [focus_box(click, window, asked.expansion_ratio) for click in asked.new_clicks]
