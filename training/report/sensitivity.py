"""How much it matters where people click (as the paper's Fig. 5): styles of clicking compared.

Studies with real users report two things: by how much NoC rises when clicks are not the standard
robot user's, and how far apart users are. Here users are click styles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from numpy.typing import NDArray

from training.data.evaluation_sets import DataError
from training.evaluation.errors import UserError
from training.evaluation.formats import DASH, number, signed, title

from .cases import first_clicks
from .gallery import Strip, Tile, file_name
from .look import (
    PLOT_STYLE,
    Drawing,
    colour,
    drawn_picture,
    drawn_plot,
    legend_below,
    marker,
    plot,
)
from .names import dataset_title
from .runs import EvaluationRun, Scores
from .tables import Row, Table
from .tiles import Mark, crop_around, picture

SHOWN = ("NoC@85", "NoC@90", "NoF20@90", "IoU@1", "IoU@5")
RISE = "NoC@90"
CENTRAL = "central"


@dataclass(frozen=True)
class Sensitivity:
    """What the click styles of one method on one data set come to.

    Attributes
    ----------
    title
        The method and the data set.
    table
        A row a style.
    sentence
        Rise and spread in words.
    drawing
        Curves, and clicks needed by each object.
    strip
        One object after the first click of each style; empty where it could not be made again.
    """

    title: str
    table: Table
    sentence: str
    drawing: Drawing
    strip: Strip


def sensitivities(
    runs: Sequence[EvaluationRun], data_root: Path
) -> tuple[list[Sensitivity], list[str]]:
    """The comparison of every method and data set of which there are several styles."""
    found, missing = [], []
    for method in dict.fromkeys(run.method for run in runs):
        of_method = [run for run in runs if run.method == method]
        of_method.sort(key=lambda run: run.style != CENTRAL)
        for dataset in dict.fromkeys(name for run in of_method for name in run.datasets):
            scores = [run.datasets[dataset] for run in of_method if dataset in run.datasets]
            if len({one.run.style for one in scores}) < 2:
                continue
            strip, problem = _strip(scores, data_root)
            missing += problem
            heading = f"{method} on {dataset_title(dataset)}"
            found.append(
                Sensitivity(
                    heading, _table(scores), _sentence(scores), _drawing(scores, heading), strip
                )
            )
    return found, missing


def spread(clicks: NDArray[np.int64]) -> tuple[float, float]:
    """How far apart styles are.

    Parameters
    ----------
    clicks
        ``(styles, objects)``, clicks needed.

    Returns
    -------
    range_of_means : float
        Largest less smallest mean over the objects.
    mean_range : float
        Mean over the objects of the largest less the smallest number of clicks.

    Examples
    --------
    >>> spread(np.array([[1, 4], [3, 2]]))
    (0.0, 2.0)
    """
    means = clicks.mean(axis=1)
    return float(np.ptp(means)), float(np.ptp(clicks, axis=0).mean())


def _table(scores: Sequence[Scores]) -> Table:
    names = [name for name in SHOWN if any(name in one.values for one in scores)]
    base = scores[0].values.get(RISE) if scores[0].run.style == CENTRAL else None
    rows = []
    for one in scores:
        value = one.values.get(RISE)
        rise = DASH if base is None or value is None or one is scores[0] else signed(value - base)
        cells = [number(name, one.values.get(name)) for name in names]
        rows.append(Row((one.run.style,), (*cells, rise)))
    heads = (*(title(name) for name in names), f"rise in {RISE}")
    return Table(
        f"Click styles on {dataset_title(scores[0].dataset)}",
        ("clicks",),
        (("", heads),),
        tuple(rows),
    )


def _sentence(scores: Sequence[Scores]) -> str:
    clicks = np.stack([one.clicks_needed for one in scores])
    of_means, of_objects = spread(clicks)
    same = float((np.ptp(clicks, axis=0) == 0).mean())
    return (
        f"Spread between the styles in NoC@{100 * scores[0].run.reached:.0f}: {of_means:.2f} "
        f"clicks between their means; on average {of_objects:.1f} clicks between the luckiest and "
        f"the unluckiest style on the same object; {100 * same:.0f} % of the objects need the same "
        "number in all of them."
    )


def _drawing(scores: Sequence[Scores], heading: str) -> Drawing:
    figure = plot(2, width=3.9, height=2.9)
    curves, objects = figure.axes
    last, target = scores[0].run.max_clicks, scores[0].run.reached
    clicks = np.stack([one.clicks_needed for one in scores])
    with rc_context(PLOT_STYLE):
        for at, one in enumerate(scores):
            if one.are_complete:
                means = one.ious.mean(axis=0)
                curves.plot(
                    np.arange(1, last + 1), means, color=colour(at), marker=marker(at),
                    label=one.run.style,
                )  # fmt: skip
            reached = np.maximum.accumulate(one.ious, axis=1) >= target
            objects.step(
                np.arange(1, last + 1), 100 * reached.mean(axis=0), where="post",
                color=colour(at), label=one.run.style,
            )  # fmt: skip
        curves.set_title("mean IoU")
        objects.set_title(f"objects at {target:.2f} IoU (%)")
        objects.set_ylim(0, 103)
        for axes in figure.axes:
            axes.set_xlabel("clicks")
            axes.set_xticks([1, *range(5, last + 1, 5)])
        legend_below(figure)
    of_means, _ = spread(clicks)
    text = f"Click styles of {heading}: their means are {of_means:.2f} clicks apart"
    return drawn_plot(f"styles-{file_name(heading)}", figure, text)


def _strip(scores: Sequence[Scores], data_root: Path) -> tuple[Strip, list[str]]:
    """The first click of each style on the object on which they differ most."""
    first = np.stack([one.ious[:, 0] for one in scores])
    number_ = int(np.argmax(np.ptp(first, axis=0)))
    try:
        replayed = [first_clicks(one, number_, data_root) for one in scores]
    except (UserError, DataError) as error:
        return Strip("", []), [f"{scores[0].dataset}: {error}"]
    sample = replayed[0][0]
    clicks = [one.courses[number_].clicks[:1] for one in scores]
    masks = [after[0].mask for _, after in replayed if after]
    marks = [Mark(click.y, click.x, click.foreground) for of_one in clicks for click in of_one]
    crop = crop_around([sample.object_mask, *masks], marks)
    tiles = []
    for one, of_one, (_, after) in zip(scores, clicks, replayed, strict=True):
        if not after:
            continue
        click = of_one[0]
        mark = Mark(click.y - crop.y0, click.x - crop.x0, click.foreground)
        drawn = picture(
            crop.of(sample.image),
            mask=crop.of(after[0].mask),
            outline=crop.of(sample.object_mask),
            ignored=crop.of(sample.ignore),
            marks=[mark],
        )
        needed, target = int(one.clicks_needed[number_]), one.run.reached
        reached = one.ious[number_].max() >= target
        end = f"{needed} {'click' if needed == 1 else 'clicks'} to" if reached else "never"
        caption = f"{one.run.style}: IoU {click.iou:.3f}, {end} {target:.2f}"
        name = f"styles-{file_name(one.run.method)}-{one.dataset}-{one.run.style}"
        tiles.append(Tile(drawn_picture(name, drawn, f"{sample.name}, {caption}"), caption))
    return Strip(f"{sample.name} after the first click of each style", tiles), []
