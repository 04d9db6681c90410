"""Mean IoU by the number of clicks, as the paper's Fig. 4."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context

from .look import LINES, PLOT_STYLE, Drawing, colour, drawn_plot, legend_below, marker, plot
from .names import dataset_title
from .runs import EvaluationRun

MOST_COLUMNS = 2


def iou_curves(runs: Sequence[EvaluationRun]) -> Drawing | None:
    """A plot for each data set with a line a run.

    None where every run left its objects early, since means over all objects end there, or had
    one click an object, which makes no line.
    """
    runs = [run for run in runs if run.stop_at is None and run.max_clicks > 1]
    datasets = list(dict.fromkeys(name for run in runs for name in run.datasets))
    if not datasets:
        return None
    columns = min(MOST_COLUMNS, len(datasets))
    rows = -(-len(datasets) // columns)
    wide = 5.4 if columns == 1 else 3.9
    figure = plot(columns, rows, width=wide, height=3.0)
    for axes in figure.axes[1:]:
        axes.sharey(figure.axes[0])
    with rc_context(PLOT_STYLE):
        for axes, dataset in zip(figure.axes, datasets, strict=False):
            for at, run in enumerate(runs):
                if dataset not in run.datasets:
                    continue
                means = run.datasets[dataset].ious.mean(axis=0)
                clicks = np.arange(1, len(means) + 1)
                axes.plot(
                    clicks,
                    means,
                    LINES[at // 2 % len(LINES)],
                    color=colour(at),
                    marker=marker(at),
                    label=run.label,
                )
            axes.set_title(dataset_title(dataset))
            axes.set_xlabel("clicks")
            axes.set_xticks([1, *range(5, runs[0].max_clicks + 1, 5)])
        for axes in figure.axes[::columns]:
            axes.set_ylabel("mean IoU")
        for axes in figure.axes[len(datasets) :]:
            axes.set_visible(False)
        if len(runs) > 1:
            legend_below(figure)
    names = ", ".join(map(dataset_title, datasets))
    text = f"Mean IoU by number of clicks on {names}: {'; '.join(_ends(runs))}"
    return drawn_plot("curves", figure, text)


def _ends(runs: Sequence[EvaluationRun]) -> list[str]:
    return [
        f"{run.label} on {dataset_title(name)} from {scores.ious[:, 0].mean():.3f} "
        f"to {scores.ious[:, -1].mean():.3f}"
        for run in runs
        for name, scores in run.datasets.items()
    ]
