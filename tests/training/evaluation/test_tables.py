"""Tables in Markdown."""

from __future__ import annotations

from training.evaluation.tables import markdown_table


def test_words_begin_on_the_left_and_figures_end_on_the_right() -> None:
    text = markdown_table(
        ["data set"], ["NoC@90", "SPC"], [["a", "2.34", "0.1"], ["b|c", "11", "–"]]
    )
    assert text.split("\n") == [
        "| data set | NoC@90 | SPC |",
        "| -------- | -----: | --: |",
        "| a        |   2.34 | 0.1 |",
        "| b\\|c     |     11 |   – |",
    ]
