"""How numbers are written: one place for the terminal, and the report's tables and captions."""

from __future__ import annotations

DASH = "–"

TITLES = {
    "LoweredIoU": "Clicks lowering IoU",
    "SPC": "SPC (s)",
}
"""Heads of columns whose metric has another name in ``results.json``."""

UNITS = {"ASSD": " (px)"}

DOWN, UP = "↓", "↑"


def kind(metric: str) -> str:
    """A metric's name without its numbers.

    Examples
    --------
    >>> kind("NoF20@90"), kind("SPC")
    ('NoF', 'SPC')
    """
    return metric.partition("@")[0].rstrip("0123456789")


def title(metric: str) -> str:
    """Head of a metric's column, with its unit and the direction in which it is better."""
    stem = metric.partition("@")[0]
    arrow = UP if stem in ("IoU", "BIoU") else DOWN
    return f"{TITLES.get(metric, metric)}{UNITS.get(stem, '')} {arrow}"


def number(metric: str, value: float | None) -> str:
    """A metric's value as it is written; a dash for one that is not there.

    Examples
    --------
    >>> number("NoC@90", 2.4), number("NoF20@90", 3.0), number("IoU@5", 0.9432), number("SPC", None)
    ('2.40', '3', '0.943', '–')
    """
    if value is None or value != value:
        return DASH
    if metric.startswith("NoF"):
        return str(int(value))
    if metric.startswith("NoC"):
        return f"{value:.2f}"
    if metric == "LoweredIoU":
        return f"{100 * value:.0f} %"
    return f"{value:.3f}"


def milliseconds(seconds: float) -> str:
    """A duration in ms, with three significant digits at most."""
    value = 1000 * seconds
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def signed(value: float) -> str:
    """A difference with its sign: ``+0.40``, ``−1.20``, ``±0.00``."""
    text = f"{abs(value):.2f}"
    sign = "±" if float(text) == 0 else "+" if value > 0 else "−"
    return f"{sign}{text}"
