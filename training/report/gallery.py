"""Pictures of cases with their clicks (as the paper's Fig. 3), and of what is inside (Fig. 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.courses import MeasuredClick

from .cases import ReplayedCase, Seen
from .inside import CAPTIONS, inside_strip
from .look import Drawing, drawn_picture
from .names import dataset_title
from .recorder import Inside
from .runs import Scores
from .tiles import Crop, Mark, crop_around, picture


@dataclass(frozen=True)
class Tile:
    """A picture and the line below it."""

    drawing: Drawing
    caption: str


@dataclass(frozen=True)
class Strip:
    """Pictures in a row, with a line before them; empty where there is only one run."""

    title: str
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class CaseView:
    """A case: the object, and a strip for each run; whether there are ignored pixels in it."""

    title: str
    object: Tile
    strips: Sequence[Strip]
    has_ignored: bool


def case_views(seen: Seen) -> list[CaseView]:
    """The gallery of a data set."""
    return [_case_view(seen, case) for case in seen.cases]


def _case_view(seen: Seen, case: ReplayedCase) -> CaseView:
    sample = case.sample
    shown = {one.run.label: _steps(one, case) for one in seen.scores}
    masks = [
        case.replayed[label][step - 1].mask for label, steps in shown.items() for step in steps
    ]
    marks = [
        mark
        for one in seen.scores
        for mark in _marks(one.courses[case.number].clicks[: max(shown[one.run.label], default=0)])
    ]
    crop = crop_around([sample.object_mask, *masks], marks)
    name = f"{seen.dataset}-{case.kind}"
    strips = [
        Strip(
            one.run.label if len(seen.scores) > 1 else "",
            [_step_tile(one, case, step, crop, name) for step in shown[one.run.label]],
        )
        for one in seen.scores
    ]
    area = int(np.count_nonzero(sample.object_mask))
    ignored = crop.of(sample.ignore)
    drawn = picture(crop.of(sample.image), outline=crop.of(sample.object_mask), ignored=ignored)
    drawing = drawn_picture(f"{name}-object", drawn, f"{sample.name}, the object outlined")
    height, width = sample.object_mask.shape
    caption = f"the object, {area:,} px of {width} × {height}"
    title = f"{case.kind.capitalize()}: {sample.name}"
    return CaseView(title, Tile(drawing, caption), strips, bool(ignored.any()))


def _steps(scores: Scores, case: ReplayedCase) -> list[int]:
    """Clicks, counted from 1, after which the mask is shown: 1, 3 and the last that matters."""
    made = len(case.replayed[scores.run.label])
    end = min(int(scores.clicks_needed[case.number]), made)
    return sorted({min(1, end), min(3, end), end} - {0})


def _step_tile(scores: Scores, case: ReplayedCase, step: int, crop: Crop, name: str) -> Tile:
    clicks = scores.courses[case.number].clicks
    replayed = case.replayed[scores.run.label][step - 1]
    drawn = picture(
        crop.of(case.sample.image),
        mask=crop.of(replayed.mask),
        outline=crop.of(case.sample.object_mask),
        ignored=crop.of(case.sample.ignore),
        marks=_inside_crop(_marks(clicks[:step]), crop),
    )
    iou = clicks[step - 1].iou
    caption = f"{step} {'click' if step == 1 else 'clicks'}, IoU {iou:.3f}"
    if step == scores.run.max_clicks and iou < scores.run.reached:
        caption += ", not reached"
    file = f"{name}-{file_name(scores.run.label)}-click-{step}"
    text = f"{case.sample.name}, {scores.run.label}: mask after {caption}"
    return Tile(drawn_picture(file, drawn, text), caption)


def _marks(clicks: Sequence[MeasuredClick]) -> list[Mark]:
    return [Mark(click.y, click.x, click.foreground) for click in clicks]


def _inside_crop(marks: Sequence[Mark], crop: Crop) -> list[Mark]:
    return [Mark(mark.y - crop.y0, mark.x - crop.x0, mark.foreground) for mark in marks]


def map_strips(seen: Seen) -> list[Strip]:
    """Feedback, affinity, refined and updated feedback and the answer of one click of each case.

    It is the click, from the second on, which raised the IoU most.
    """
    strips = []
    for case in seen.cases:
        for one in seen.scores:
            clicks = one.courses[case.number].clicks
            replayed = case.replayed[one.run.label]
            gains = {
                at: clicks[at].iou - clicks[at - 1].iou
                for at in range(1, len(replayed))
                if replayed[at].inside is not None
            }
            if not gains:
                continue
            at = max(gains, key=lambda at: gains[at])
            inside = replayed[at].inside
            if inside is None:
                continue
            who = f"{one.run.label}, " if len(seen.scores) > 1 else ""
            title = (
                f"{dataset_title(seen.dataset)}, {case.sample.name}, {who}click {at + 1}: "
                f"IoU {clicks[at - 1].iou:.3f} → {clicks[at].iou:.3f}"
            )
            name = f"{seen.dataset}-{case.kind}-{file_name(one.run.label)}-inside"
            strips.append(Strip(title, _map_tiles(inside, name, title)))
    return strips


def _map_tiles(inside: Inside, name: str, title: str) -> list[Tile]:
    return [
        Tile(drawn_picture(f"{name}-{at}", drawn, f"{title}, {caption}"), caption)
        for at, (caption, drawn) in enumerate(zip(CAPTIONS, inside_strip(inside), strict=True))
    ]


def file_name(label: str) -> str:
    """A label as a part of a file's name.

    Examples
    --------
    >>> file_name("fcfi-lite, random clicks")
    'fcfi-lite-random-clicks'
    """
    return "-".join("".join(c if c.isalnum() or c in "-._" else " " for c in label).split())
