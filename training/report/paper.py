"""What the paper's Tables 1 to 6 say, to be set beside what was measured here.

Source: Q. Wei, H. Zhang, J.-H. Yong, "Focused and Collaborative Feedback Integration for
Interactive Image Segmentation", CVPR 2023. Every row carries the number of its table; a metric that
a table lacks is not in the row. The paper's own method is "Ours" there and "FCFI" here, since a
report's own figures are others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Column = tuple[str, str]
"""Data set and metric."""

NAMES = {"grabcut": "GrabCut", "berkeley": "Berkeley", "sbd": "SBD", "davis": "DAVIS"}
"""Data sets of the paper, by the names that they have here."""

OBJECTS = {"grabcut": 50, "berkeley": 100, "sbd": 6671, "davis": 345}
"""Objects on which the paper's figures were taken."""


@dataclass(frozen=True)
class PaperRow:
    """A row of one of the paper's tables.

    Attributes
    ----------
    table
        Its number.
    method, backbone, trained_on
        As they stand there; empty where the table does not say.
    values
        What the row says, by data set and metric.
    """

    table: int
    method: str
    backbone: str
    trained_on: str
    values: Mapping[Column, float]


def _columns(*sets: tuple[str, str]) -> tuple[Column, ...]:
    return tuple((dataset, metric) for dataset, names in sets for metric in names.split())


_EFFECT = "NoF20@90 IoU@5 BIoU@5 ASSD@5 SPC"
_CLICKS = _columns(("berkeley", "NoC@85 NoC@90"), ("davis", "NoC@85 NoC@90"))

COLUMNS: Mapping[int, tuple[Column, ...]] = {
    1: _columns(
        ("grabcut", "NoC@85 NoC@90"),
        ("berkeley", "NoC@90"),
        ("sbd", "NoC@85 NoC@90"),
        ("davis", "NoC@85 NoC@90"),
    ),
    2: _columns(("berkeley", _EFFECT), ("davis", _EFFECT)),
    3: _columns(("berkeley", "NoC@90 NoF20@90"), ("davis", "NoC@90 NoF20@90")),
    4: _CLICKS,
    5: _CLICKS,
    6: _CLICKS,
}
"""Columns of each table, in its order."""


def _rows(table: int, text: str) -> tuple[PaperRow, ...]:
    """Rows ``method | backbone | trained on | values``, with a dash for a missing value."""
    rows = []
    for line in text.strip().splitlines():
        method, backbone, trained_on, numbers = (part.strip() for part in line.split("|"))
        cells = zip(COLUMNS[table], numbers.split(), strict=True)
        values = {column: float(cell) for column, cell in cells if cell != "-"}
        rows.append(PaperRow(table, method, backbone, trained_on, values))
    return tuple(rows)


TABLE_1 = _rows(
    1,
    """
    DOS w/o GC    | FCN-8s     | SBD           | 8.02 12.59 -    14.30 16.79 12.52 17.11
    DOS w/ GC     | FCN-8s     | SBD           | 5.08 6.08  -    9.22  12.80 9.03  12.58
    RIS-Net       | VGG-16     | Pascal VOC    | -    5.00  -    6.03  -     -     -
    LD            | VGG-19     | SBD           | 3.20 4.79  -    7.41  -     5.95  9.57
    CAG           | FCN-8s     | Augmented SBD | -    3.58  5.60 -     -     -     -
    BRS           | DenseNet   | SBD           | 2.60 3.60  5.08 6.59  9.78  5.58  8.24
    f-BRS-B       | ResNet-101 | SBD           | 2.30 2.72  4.57 4.81  7.73  5.04  7.41
    FCA-Net       | ResNet-101 | Augmented SBD | 1.88 2.14  4.19 -     -     5.38  7.90
    IA+SA         | ResNet-101 | Augmented SBD | -    3.07  4.94 -     -     5.16  -
    CDNet         | ResNet-101 | SBD           | 2.42 2.76  3.65 4.73  7.66  5.33  6.97
    FocusCut      | ResNet-101 | SBD           | 1.46 1.64  3.01 3.40  5.31  4.85  6.22
    FCFI          | ResNet-101 | SBD           | 1.64 1.80  2.84 3.26  5.35  4.75  6.48
    RITM          | HRNet-18s  | COCO+LVIS     | 1.54 1.68  2.60 4.26  6.86  4.79  6.00
    FocalClick-S1 | HRNet-18s  | COCO+LVIS     | 1.72 1.94  3.40 4.75  7.22  5.19  7.95
    FocalClick-S2 | HRNet-18s  | COCO+LVIS     | 1.52 1.66  2.41 4.37  6.59  4.20  5.49
    FCFI          | HRNet-18s  | COCO+LVIS     | 1.50 1.56  2.05 3.88  6.24  3.70  5.16
    EdgeFlow      | HRNet-18   | COCO+LVIS     | 1.60 1.72  2.40 -     -     4.54  5.77
    RITM          | HRNet-18   | COCO+LVIS     | 1.42 1.54  2.26 3.80  6.06  4.36  5.74
    FCFI          | HRNet-18   | COCO+LVIS     | 1.38 1.46  1.96 3.63  5.83  3.97  5.16
    """,
)

TABLE_2 = _rows(
    2,
    """
    f-BRS-B       | ResNet-101 | | 6 0.875 0.730 4.626 0.072 77 0.826 0.717 11.267 0.102
    FCA-Net       | ResNet-101 | | 7 0.923 0.793 2.190 0.059 74 0.867 0.771 9.048  0.075
    CDNet         | ResNet-101 | | 4 0.921 0.803 2.576 0.079 60 0.876 0.783 8.973  0.108
    FocusCut      | ResNet-101 | | 3 0.933 0.811 2.050 3.152 61 0.873 0.778 8.880  3.872
    Baseline      | ResNet-101 | | 6 0.904 0.782 4.370 0.052 75 0.867 0.770 9.421  0.069
    FCFI          | ResNet-101 | | 3 0.943 0.838 1.789 0.057 59 0.893 0.815 8.226  0.082
    RITM          | HRNet-18s  | | 1 0.950 0.859 1.312 0.035 53 0.883 0.801 8.378  0.036
    FocalClick-S1 | HRNet-18s  | | 4 0.946 0.849 1.565 0.065 84 0.877 0.784 8.364  0.084
    FocalClick-S2 | HRNet-18s  | | 1 0.957 0.889 1.170 0.052 54 0.897 0.824 7.635  0.082
    FCFI          | HRNet-18s  | | 0 0.958 0.883 1.012 0.044 51 0.907 0.830 6.434  0.048
    """,
)

TABLE_3 = _rows(
    3,
    """
    Baseline    | ResNet-101 | | 4.31 6 7.56 75
    + FFC       | ResNet-101 | | 3.75 4 6.75 65
    + CFF       | ResNet-101 | | 3.07 1 6.62 66
    + FFC + CFF | ResNet-101 | | 2.84 3 6.48 59
    Baseline    | HRNet-18   | | 2.60 1 5.73 54
    + FFC       | HRNet-18   | | 2.11 1 5.52 54
    + CFF       | HRNet-18   | | 2.05 0 5.32 52
    + FFC + CFF | HRNet-18   | | 1.96 0 5.16 51
    """,
)

TABLE_4 = _rows(
    4,
    """
    Exponential | | | 2.06 3.60 5.26 7.51
    Cosine      | | | 1.88 2.85 4.60 5.82
    """,
)
TABLE_5 = _rows(
    5,
    """
    r = 0.1 | | | 1.91 3.43 5.52 7.46
    r = 0.2 | | | 1.97 3.10 5.12 6.82
    r = 0.3 | | | 1.88 2.85 4.60 5.82
    r = 0.4 | | | 1.79 3.12 4.74 6.42
    r = 0.5 | | | 1.84 3.27 5.15 6.72
    """,
)
TABLE_6 = _rows(
    6,
    """
    w/o feedback                 | | | 2.31 4.31 5.23 7.56
    Concat feedback with input   | | | 2.01 4.00 5.03 7.08
    CFFM w/o residual connection | | | 1.98 3.52 4.91 6.63
    CFFM w/o gate                | | | 1.96 3.36 4.85 6.37
    CFFM                         | | | 1.81 3.07 4.75 6.10
    """,
)

TABLES = {1: TABLE_1, 2: TABLE_2, 3: TABLE_3, 4: TABLE_4, 5: TABLE_5, 6: TABLE_6}

TITLES = {
    1: "clicks to 85 % and 90 % IoU",
    2: "effectiveness and efficiency",
    3: "core components",
    4: "similarity measurement",
    5: "expansion ratio r",
    6: "feedback fusion",
}


def papers_name(dataset: str) -> str | None:
    """Name in `NAMES` of a data set that the paper has, too; None for any other.

    Examples
    --------
    >>> papers_name("DAVIS345"), papers_name("davis_subset")
    ('davis', None)
    """
    simple = "".join(c for c in dataset.lower() if c.isalnum())
    simple = "davis" if simple == "davis345" else simple
    return simple if simple in NAMES else None
