"""The table that a terminal shows, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def table(
    rows: Mapping[str | tuple[str, ...], Mapping[str, float]], heads: Sequence[str] = ("data set",)
) -> str:
    """Markdown table of metrics.

    Parameters
    ----------
    rows
        What a row is about, a cell for each of `heads`, to its metrics; a metric that a row lacks
        is a dash there.
    heads
        Names of the first columns.
    """
    names = list(dict.fromkeys(name for found in rows.values() for name in found))
    lines = [[*heads, *names]]
    for key, found in rows.items():
        cells = (key,) if isinstance(key, str) else key
        lines.append([*cells, *[_number(name, found.get(name)) for name in names]])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )


def _number(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name.startswith("NoF"):
        return str(int(value))
    return f"{value:.2f}" if name.startswith("NoC") else f"{value:.3f}"
