"""Tables in Markdown, for the terminal and for the report."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(
    heads: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """A table in Markdown that is legible as plain text, too.

    Parameters
    ----------
    heads
        Of the first columns, whose cells are words.
    columns
        Heads of the others, whose cells are figures: they end on the right.
    rows
        Cells of each row, as many as there are heads and columns.

    Examples
    --------
    >>> print(markdown_table(["data set"], ["NoC@90"], [["grabcut", "2.30"], ["davis", "11.04"]]))
    | data set | NoC@90 |
    | -------- | -----: |
    | grabcut  |   2.30 |
    | davis    |  11.04 |
    """
    lines = [[cell.replace("|", "\\|") for cell in line] for line in ([*heads, *columns], *rows)]
    widths = [max(3, *map(len, cells)) for cells in zip(*lines, strict=True)]
    words = len(heads)
    rules = ["-" * width for width in widths[:words]]
    rules += ["-" * (width - 1) + ":" for width in widths[words:]]
    padded = [
        [
            cell.ljust(width) if at < words else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    padded.insert(1, rules)
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
